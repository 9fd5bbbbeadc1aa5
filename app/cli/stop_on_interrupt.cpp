// SPDX-License-Identifier: GPL-3.0-or-later
// A signal handler may do next to nothing: it writes a byte into a pipe. A thread that reads the pipe asks for the stop, because
// request_stop() runs callbacks and takes locks. The handler stays in place once only (SA_RESETHAND), so that a second Ctrl-C
// gets a person out of anything; without SA_RESTART, so that a read from the keyboard ends.
#include "app/cli/stop_on_interrupt.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace sy::app {

namespace {

int pipeEnds[2] = {-1, -1}; // a handler has no other way to reach an object

void onSignal(int)
{
    const int before = errno;
    const char byte = 's';
    [[maybe_unused]] const auto written = ::write(pipeEnds[1], &byte, 1);
    errno = before;
}

} // namespace

StopOnInterrupt::StopOnInterrupt()
{
    if (::pipe2(pipeEnds, O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "making a pipe");
    m_watcher = std::thread([this] {
        char byte = 0;
        while (::read(pipeEnds[0], &byte, 1) < 0 && errno == EINTR) {
        }
        if (byte == 's')
            m_source.request_stop();
    });
    struct sigaction action {};
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM})
        sigaction(signal, &action, nullptr);
}

StopOnInterrupt::~StopOnInterrupt()
{
    for (const int signal : {SIGINT, SIGTERM})
        std::signal(signal, SIG_DFL);
    const char byte = 'q';
    [[maybe_unused]] const auto written = ::write(pipeEnds[1], &byte, 1);
    m_watcher.join();
    ::close(pipeEnds[0]);
    ::close(pipeEnds[1]);
}

} // namespace sy::app
