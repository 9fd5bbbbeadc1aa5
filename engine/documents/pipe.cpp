// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/pipe.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace sy::documents {
namespace {

constexpr size_t kHeaderBytes = 9;
// Memory is taken as the bytes arrive: a helper gone wild may announce any length.
constexpr size_t kStepBytes = 1 << 20;

bool writeAll(int fd, const char* bytes, size_t n)
{
    while (n > 0) {
        const ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        n -= static_cast<size_t>(written);
    }
    return true;
}

uint64_t lengthOf(const std::array<char, kHeaderBytes>& header)
{
    uint64_t length = 0;
    for (size_t i = 0; i < 8; ++i)
        length |= static_cast<uint64_t>(static_cast<unsigned char>(header[i + 1])) << (8 * i);
    return length;
}

} // namespace

bool writeFrame(int fd, char type, std::string_view bytes)
{
    std::array<char, kHeaderBytes> header{type};
    for (size_t i = 0; i < 8; ++i)
        header[i + 1] = static_cast<char>(static_cast<uint64_t>(bytes.size()) >> (8 * i));
    return writeAll(fd, header.data(), header.size()) && writeAll(fd, bytes.data(), bytes.size());
}

std::optional<Frame> readFrame(int fd, uint64_t maxBytes)
{
    Frame frame;
    FrameReader reader(fd, maxBytes);
    if (reader.next(frame, std::chrono::steady_clock::time_point::max(), {}, -1) != ReadStatus::Ok)
        return std::nullopt;
    return frame;
}

ReadStatus FrameReader::fill(char* to, size_t n, std::chrono::steady_clock::time_point deadline, const std::stop_token& stop,
                             int wakeFd)
{
    while (n > 0) {
        if (stop.stop_requested())
            return ReadStatus::Stopped;
        int waitMs = -1;
        if (deadline != std::chrono::steady_clock::time_point::max()) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
            if (left <= 0)
                return ReadStatus::TimedOut;
            waitMs = static_cast<int>(std::min<int64_t>(left, 60'000));
        }
        std::array<pollfd, 2> waiting{pollfd{m_fd, POLLIN, 0}, pollfd{wakeFd, POLLIN, 0}};
        const int ready = poll(waiting.data(), wakeFd >= 0 ? 2 : 1, waitMs);
        if (ready < 0 && errno != EINTR)
            return ReadStatus::Closed;
        if (ready <= 0 || (waiting[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0)
            continue;
        const ssize_t got = read(m_fd, to, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ReadStatus::Closed;
        to += got;
        n -= static_cast<size_t>(got);
    }
    return ReadStatus::Ok;
}

ReadStatus FrameReader::next(Frame& frame, std::chrono::steady_clock::time_point deadline, const std::stop_token& stop,
                             int wakeFd)
{
    std::array<char, kHeaderBytes> header{};
    if (const ReadStatus status = fill(header.data(), header.size(), deadline, stop, wakeFd); status != ReadStatus::Ok)
        return status;
    frame.type = header[0];
    frame.bytes.clear();
    const uint64_t length = lengthOf(header);
    if (length > m_maxBytes || (frame.type != 'J' && frame.type != 'B'))
        return ReadStatus::Broken;
    while (frame.bytes.size() < length) {
        const size_t at = frame.bytes.size();
        const size_t step = std::min<uint64_t>(length - at, kStepBytes);
        frame.bytes.resize(at + step);
        if (const ReadStatus status = fill(frame.bytes.data() + at, step, deadline, stop, wakeFd); status != ReadStatus::Ok)
            return status;
    }
    return ReadStatus::Ok;
}

} // namespace sy::documents
