// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/mapped_file.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sy::formats {

namespace {

class FileDescriptor {
public:
    explicit FileDescriptor(int fd) : m_fd(fd) {}
    ~FileDescriptor()
    {
        if (m_fd >= 0)
            ::close(m_fd);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    int get() const { return m_fd; }

private:
    int m_fd;
};

} // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path)
{
    // O_NONBLOCK: opening a named pipe must fail below, not wait for a writer.
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0)
        throw StorageFailure(path.string(), "opening the file", std::strerror(errno));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0)
        throw StorageFailure(path.string(), "opening the file", std::strerror(errno));
    if (!S_ISREG(info.st_mode))
        throw StorageFailure(path.string(), "opening the file", S_ISDIR(info.st_mode) ? "it is a folder" : "it is no regular file");

    std::shared_ptr<MappedFile> file(new MappedFile);
    file->m_path = path;
    const auto size = static_cast<size_t>(info.st_size);
    if (size == 0)
        return file;
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (data == MAP_FAILED)
        throw StorageFailure(path.string(), "mapping the file", std::strerror(errno));
    file->m_data = static_cast<const std::byte*>(data);
    file->m_size = size;
    return file;
}

MappedFile::~MappedFile()
{
    if (m_data)
        ::munmap(const_cast<std::byte*>(m_data), m_size);
}

void MappedFile::willNeed(size_t offset, size_t size) const noexcept
{
    if (offset >= m_size)
        return;
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    const size_t begin = offset / page * page;
    const size_t end = offset + std::min(size, m_size - offset);
    ::madvise(const_cast<std::byte*>(m_data) + begin, end - begin, MADV_WILLNEED); // advice: a refusal changes nothing
}

bool MappedFile::holds(std::span<const std::byte> bytes) const noexcept
{
    return m_data && bytes.data() >= m_data && bytes.data() + bytes.size() <= m_data + m_size;
}

void MappedFile::notNeeded(std::span<const std::byte> bytes) const noexcept
{
    // Only whole pages inside the range, and only of this mapping: the same call on anonymous memory would erase it.
    const auto pageBytes = size_t(sysconf(_SC_PAGESIZE));
    if (!holds(bytes))
        return;
    const auto begin = size_t(bytes.data() - m_data);
    const size_t first = (begin + pageBytes - 1) / pageBytes * pageBytes;
    const size_t end = (begin + bytes.size()) / pageBytes * pageBytes;
    if (end > first)
        madvise(const_cast<std::byte*>(m_data) + first, end - first, MADV_DONTNEED);
}

} // namespace sy::formats
