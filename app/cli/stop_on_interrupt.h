// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stop_token>
#include <thread>

namespace sy::app {

/// Turns the first Ctrl-C (or SIGTERM) into a stop request; a second one ends the program as usual. One at a time.
class StopOnInterrupt {
public:
    StopOnInterrupt();
    ~StopOnInterrupt();
    StopOnInterrupt(const StopOnInterrupt&) = delete;
    StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;

    std::stop_token token() const { return m_source.get_token(); }
    bool isStopped() const { return m_source.stop_requested(); }

private:
    std::stop_source m_source;
    std::thread m_watcher;
};

} // namespace sy::app
