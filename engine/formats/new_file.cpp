// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/new_file.h"

#include "engine/core/error.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace sy::formats {

namespace {

constexpr size_t kBufferBytes = size_t(1) << 20;

} // namespace

NewFile::NewFile(std::filesystem::path target) : m_target(std::move(target)), m_buffer(new std::byte[kBufferBytes])
{
    // A name of its own for each writer: two programs that fetch the same model must not write into one file.
    std::string pattern = m_target.string() + ".part-XXXXXX";
    m_fd = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (m_fd < 0)
        fail("creating the file");
    m_sibling = pattern;
    const mode_t mask = ::umask(0); // mkostemp makes it private; the result should be as readable as any other new file
    ::umask(mask);
    ::fchmod(m_fd, 0666 & ~mask);
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
