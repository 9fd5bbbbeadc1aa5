// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/input.h"

#include "engine/core/error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <unistd.h>

namespace sy::app {

namespace {

constexpr int kPollMs = 100; // how soon a stop is noticed while nothing arrives

int openForReading(const std::string& file)
{
    if (file == "-")
        return STDIN_FILENO;
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        throw StorageFailure(file, "opening", std::strerror(errno));
    return fd;
}

bool isReadable(int fd, int timeoutMs)
{
    pollfd wanted{fd, POLLIN, 0};
    return ::poll(&wanted, 1, timeoutMs) > 0;
}

} // namespace

std::string readWhole(const std::string& file)
{
    const int fd = openForReading(file);
    std::string text;
    char block[1 << 16];
    ssize_t n = 0;
    do {
        n = ::read(fd, block, sizeof block);
        if (n > 0)
            text.append(block, size_t(n));
    } while (n > 0 || (n < 0 && errno == EINTR));
    const int error = errno;
    if (fd != STDIN_FILENO)
        ::close(fd);
    if (n < 0)
        throw StorageFailure(file, "reading", std::strerror(error));
    return text;
}

LineReader::LineReader(const std::string& file) : m_fd(openForReading(file)), m_name(file) {}

LineReader::~LineReader()
{
    if (m_fd != STDIN_FILENO)
        ::close(m_fd);
}

std::optional<std::string> LineReader::next(std::stop_token stop)
{
    while (true) {
        const size_t end = m_buffer.find('\n');
        if (end != std::string::npos || (m_isEnded && !m_buffer.empty())) {
            std::string line = m_buffer.substr(0, end);
            m_buffer.erase(0, end == std::string::npos ? end : end + 1);
            if (!line.empty() && line.back() == '\r')
                line.pop_back();
            return line;
        }
        if (m_isEnded || stop.stop_requested())
            return std::nullopt;
        if (!isReadable(m_fd, kPollMs))
            continue;
        char block[1 << 16];
        const ssize_t n = ::read(m_fd, block, sizeof block);
        if (n > 0)
            m_buffer.append(block, size_t(n));
        else if (n == 0)
            m_isEnded = true;
        else if (errno != EINTR)
            throw StorageFailure(m_name, "reading", std::strerror(errno));
    }
}

bool LineReader::hasMore() const
{
    return m_buffer.find('\n') != std::string::npos || (!m_isEnded && isReadable(m_fd, 0));
}

OutputFile::OutputFile(const std::string& file) : m_name(file)
{
    if (isStdout()) {
        m_file = stdout;
        return;
    }
    m_sibling = file + ".part";
    m_file = std::fopen(m_sibling.c_str(), "wbe");
    if (!m_file)
        fail();
}

OutputFile::~OutputFile()
{
    if (!m_file || isStdout())
        return;
    std::fclose(m_file);
    std::remove(m_sibling.c_str());
}

void OutputFile::write(const void* bytes, size_t nBytes)
{
    if (std::fwrite(bytes, 1, nBytes, m_file) != nBytes)
        fail();
}

void OutputFile::commit()
{
    if (std::fflush(m_file) != 0)
        fail();
    if (isStdout())
        return;
    const bool isClosed = std::fclose(m_file) == 0;
    m_file = nullptr;
    if (!isClosed || std::rename(m_sibling.c_str(), m_name.c_str()) != 0)
        fail();
}

void OutputFile::fail() const
{
    throw StorageFailure(m_name, "writing", std::strerror(errno));
}

} // namespace sy::app
