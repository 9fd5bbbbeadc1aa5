// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>

namespace sy::app {

/// Says yes at most once an interval: keeps a worker from filling the event queue.
class Throttle {
public:
    explicit Throttle(std::chrono::milliseconds interval) : m_interval(interval) {}
    bool due()
    {
        const auto now = std::chrono::steady_clock::now();
        if (now - m_last < m_interval)
            return false;
        m_last = now;
        return true;
    }

private:
    std::chrono::milliseconds m_interval;
    std::chrono::steady_clock::time_point m_last{};
};

} // namespace sy::app
