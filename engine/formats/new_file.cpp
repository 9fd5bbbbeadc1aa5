// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/new_file.h"

#include "engine/core/error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sy::formats {

namespace {

constexpr size_t kBufferBytes = size_t(1) << 20;
constexpr int kMostSiblings = 1000;

// A sibling is locked while its writer lives, so one that can be locked was left behind by a program that was killed: half a
// model of a gigabyte should not stay for ever.
void removeAbandoned(const std::filesystem::path& target)
{
    const std::string prefix = target.filename().string() + ".part-";
    std::error_code ignored; // a folder that cannot be listed will be told when the file is created
    for (const auto& entry : std::filesystem::directory_iterator(target.has_parent_path() ? target.parent_path() : ".", ignored)) {
        if (!entry.path().filename().string().starts_with(prefix))
            continue;
        const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
            continue;
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0)
            ::unlink(entry.path().c_str());
        ::close(fd);
    }
}

} // namespace

NewFile::NewFile(std::filesystem::path target) : m_target(std::move(target)), m_buffer(new std::byte[kBufferBytes])
{
    removeAbandoned(m_target);
    // A name of its own for each writer: two programs that fetch the same model must not write into one file.
    for (int i = 0; i < kMostSiblings; ++i) {
        m_sibling = m_target.string() + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(i);
        m_fd = ::open(m_sibling.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (m_fd < 0 && errno == EEXIST)
            continue;
        if (m_fd < 0)
            fail("creating the file");
        struct stat info {};
        if (::flock(m_fd, LOCK_EX | LOCK_NB) == 0 && ::fstat(m_fd, &info) == 0 && info.st_nlink == 1)
            return;
        ::close(m_fd); // another writer took it for abandoned before it was locked
        m_fd = -1;
    }
    errno = EEXIST;
    fail("creating the file");
}

NewFile::~NewFile()
{
    if (m_fd < 0)
        return;
    ::close(m_fd);
    ::unlink(m_sibling.c_str());
}

void NewFile::fail(const char* doing) const
{
    throw StorageFailure(m_target.string(), doing, std::strerror(errno));
}

void NewFile::write(std::span<const std::byte> bytes)
{
    m_written += bytes.size();
    if (bytes.size() > kBufferBytes - m_buffered) {
        writeOut({m_buffer.get(), m_buffered});
        m_buffered = 0;
    }
    if (bytes.size() >= kBufferBytes) {
        writeOut(bytes);
        return;
    }
    if (!bytes.empty())
        std::memcpy(m_buffer.get() + m_buffered, bytes.data(), bytes.size());
    m_buffered += bytes.size();
}

void NewFile::writeOut(std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const ssize_t n = ::write(m_fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            fail("writing the file");
        bytes = bytes.subspan(size_t(n));
    }
}

void NewFile::commit()
{
    writeOut({m_buffer.get(), m_buffered});
    m_buffered = 0;
    if (::fsync(m_fd) != 0)
        fail("writing the file to the disk");
    if (::rename(m_sibling.c_str(), m_target.c_str()) != 0)
        fail("renaming the finished file");
    ::close(m_fd);
    m_fd = -1;
    // The rename itself survives a power cut only when the folder is written too; a failure here loses no data.
    const std::string folder = m_target.has_parent_path() ? m_target.parent_path().string() : ".";
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        ::fsync(fd);
        ::close(fd);
    }
}

} // namespace sy::formats
