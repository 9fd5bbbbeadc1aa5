// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/spool_file.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace sy::train {

namespace {

constexpr size_t kHeldBytes = size_t(64) << 10;

std::string megabytes(uint64_t bytes)
{
    return std::to_string((bytes + 999'999) / 1'000'000) + " MB";
}

} // namespace

SpoolFile::SpoolFile(std::filesystem::path folder) : m_folder(std::move(folder)) {}

SpoolFile::~SpoolFile()
{
    if (m_fd >= 0)
        ::close(m_fd);
}

SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : m_folder(std::move(other.m_folder)), m_held(std::move(other.m_held)), m_nHeld(std::exchange(other.m_nHeld, 0)),
      m_written(std::exchange(other.m_written, 0)), m_fd(std::exchange(other.m_fd, -1))
{
}

SpoolFile& SpoolFile::operator=(SpoolFile&& other) noexcept
{
    std::swap(m_folder, other.m_folder);
    std::swap(m_held, other.m_held);
    std::swap(m_nHeld, other.m_nHeld);
    std::swap(m_written, other.m_written);
    std::swap(m_fd, other.m_fd);
    return *this;
}

void SpoolFile::fail(int problem) const
{
    std::error_code unknown;
    const std::filesystem::space_info space = std::filesystem::space(m_folder, unknown);
    if (problem == ENOSPC && !unknown)
        throw StorageFailure(m_folder.string(), "writing the file",
                             megabytes(size()) + " needed, " + megabytes(space.available) +
                                 " free; make room, or choose a data folder on another disk");
    throw StorageFailure(m_folder.string(), "writing the file", std::strerror(problem));
}

// A file of the folder and not of /tmp: what people train on stays where they keep it, and /tmp may be memory.
void SpoolFile::open()
{
    if (m_folder.empty()) {
        m_fd = ::memfd_create("texts", MFD_CLOEXEC);
    } else {
        std::string path = (m_folder / ".texts-XXXXXX").string();
        m_fd = ::mkostemp(path.data(), O_CLOEXEC);
        if (m_fd >= 0)
            ::unlink(path.c_str());
    }
    if (m_fd < 0)
        fail(errno);
    m_held.reset(new std::byte[kHeldBytes]);
}

void SpoolFile::add(std::span<const std::byte> bytes)
{
    if (m_fd < 0)
        open();
    while (!bytes.empty()) {
        const size_t n = std::min(bytes.size(), kHeldBytes - m_nHeld);
        std::memcpy(m_held.get() + m_nHeld, bytes.data(), n);
        m_nHeld += n;
        bytes = bytes.subspan(n);
        if (m_nHeld == kHeldBytes)
            writeOut();
    }
}

void SpoolFile::writeOut()
{
    for (size_t done = 0; done < m_nHeld;) {
        const ssize_t n = ::pwrite(m_fd, m_held.get() + done, m_nHeld - done, off_t(m_written + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            fail(n == 0 ? ENOSPC : errno);
        done += size_t(n);
    }
    m_written += m_nHeld;
    m_nHeld = 0;
}

void SpoolFile::read(uint64_t offset, std::span<std::byte> into) const
{
    if (offset > size() || into.size() > size() - offset)
        throw std::invalid_argument("SpoolFile::read: " + std::to_string(into.size()) + " bytes at " +
                                    std::to_string(offset) + " of " + std::to_string(size()));
    while (!into.empty() && offset < m_written) {
        const size_t wanted = size_t(std::min<uint64_t>(into.size(), m_written - offset));
        const ssize_t n = ::pread(m_fd, into.data(), wanted, off_t(offset));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            throw StorageFailure(m_folder.string(), "reading training data", std::strerror(n == 0 ? EIO : errno));
        into = into.subspan(size_t(n));
        offset += uint64_t(n);
    }
    if (!into.empty())
        std::memcpy(into.data(), m_held.get() + (offset - m_written), into.size());
}

} // namespace sy::train
