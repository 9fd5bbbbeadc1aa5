// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace sy::documents {

/// The wire between the program and its reading helper: frames of one type byte, an 8-byte little-endian length and that
/// many bytes. 'J' holds a JSON object, 'B' raw bytes (a page's text, an image).
struct Frame {
    char type = 0;
    std::string bytes;
};

/// Both return false when the other side has gone. Blocking; used by the helper.
bool writeFrame(int fd, char type, std::string_view bytes);
std::optional<Frame> readFrame(int fd, uint64_t maxBytes);

/// The program's side of reading: gives up at the deadline and when stop is requested.
enum class ReadStatus { Ok, Closed, TimedOut, Stopped, Broken };
class FrameReader {
public:
    FrameReader(int fd, uint64_t maxBytes) : m_fd(fd), m_maxBytes(maxBytes) {}
    ReadStatus next(Frame& frame, std::chrono::steady_clock::time_point deadline, const std::stop_token& stop, int wakeFd);

private:
    ReadStatus fill(char* to, size_t n, std::chrono::steady_clock::time_point deadline, const std::stop_token& stop,
                    int wakeFd);
    int m_fd;
    uint64_t m_maxBytes;
};

} // namespace sy::documents
