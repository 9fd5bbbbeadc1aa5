// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/child_process.h"

#include "engine/core/error.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostOutput = 64 << 10;
constexpr int kWaitMs = 200;
constexpr std::chrono::seconds kGrace{2};

struct Descriptor {
    int fd = -1;
    ~Descriptor()
    {
        if (fd >= 0)
            ::close(fd);
    }
};

struct SpawnActions {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    explicit SpawnActions(int output)
    {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
        posix_spawnattr_init(&attributes);
        sigset_t all;
        sigfillset(&all);
        posix_spawnattr_setsigdefault(&attributes, &all); // what we ignore, a child should not
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnActions()
    {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
};

std::vector<std::string> environmentWith(const std::map<std::string, std::string>& changes)
{
    std::vector<std::string> entries;
    for (char** entry = environ; *entry; ++entry) {
        const std::string text = *entry;
        if (!changes.contains(text.substr(0, text.find('='))))
            entries.push_back(text);
    }
    for (const auto& [name, value] : changes)
        entries.push_back(name + "=" + value);
    return entries;
}

std::vector<char*> pointers(const std::vector<std::string>& texts)
{
    std::vector<char*> result;
    for (const std::string& text : texts)
        result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
}

/// A child and its group. Ends it, whatever happens.
class Child {
public:
    explicit Child(pid_t pid) : m_pid(pid) {}
    ~Child()
    {
        if (m_pid > 0) {
            ::kill(-m_pid, SIGKILL);
            ::waitpid(m_pid, nullptr, 0);
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    bool hasEnded(int& status)
    {
        if (m_pid > 0 && ::waitpid(m_pid, &status, WNOHANG) != m_pid)
            return false;
        m_pid = -1;
        return true;
    }
    void askToEnd() const { ::kill(-m_pid, SIGTERM); }

private:
    pid_t m_pid;
};

/// Takes what the child has written; false at the end of its output.
bool drain(int fd, std::string& output, int timeoutMs)
{
    pollfd wanted{fd, POLLIN, 0};
    if (::poll(&wanted, 1, timeoutMs) <= 0)
        return true;
    char block[4096];
    const ssize_t n = ::read(fd, block, sizeof block);
    if (n > 0)
        output.append(block, size_t(n));
    if (output.size() > 2 * kMostOutput)
        output.erase(0, output.size() - kMostOutput);
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

} // namespace

std::optional<fs::path> findOnPath(const std::string& name)
{
    const char* path = std::getenv("PATH");
    std::istringstream folders(path ? path : "/usr/bin:/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const fs::path candidate = fs::path(folder.empty() ? "." : folder) / name;
        std::error_code ignored;
        if (::access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate, ignored))
            return candidate;
    }
    return std::nullopt;
}

ChildResult runChild(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment, std::stop_token stop,
                     const std::function<void()>& onWait)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw StorageFailure(command.front(), "starting", std::strerror(errno));
    Descriptor output{ends[0]};
    pid_t pid = -1;
    {
        Descriptor childEnd{ends[1]};
        const SpawnActions spawn(childEnd.fd);
        const std::vector<std::string> entries = environmentWith(environment);
        const int error =
            ::posix_spawn(&pid, command.front().c_str(), &spawn.actions, &spawn.attributes, pointers(command).data(), pointers(entries).data());
        if (error != 0)
            throw StorageFailure(command.front(), "starting", std::strerror(error));
    }

    Child child(pid);
    ChildResult result;
    int status = 0;
    bool isWriting = true;
    std::optional<std::chrono::steady_clock::time_point> asked;
    while (!child.hasEnded(status)) {
        if (isWriting)
            isWriting = drain(output.fd, result.output, kWaitMs);
        else
            ::poll(nullptr, 0, 10); // its output is closed: it is about to end
        if (onWait)
            onWait();
        if (stop.stop_requested() && !asked) {
            child.askToEnd();
            asked = std::chrono::steady_clock::now();
        }
        if (asked && std::chrono::steady_clock::now() - *asked > kGrace)
            throw Cancelled(); // Child's destructor kills what did not listen
    }
    if (stop.stop_requested())
        throw Cancelled();
    for (size_t before = size_t(-1); isWriting && before != result.output.size();) { // a grandchild may hold the pipe open
        before = result.output.size();
        isWriting = drain(output.fd, result.output, 0);
    }
    if (result.output.size() > kMostOutput)
        result.output.erase(0, result.output.size() - kMostOutput);
    result.exitStatus = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

} // namespace sy::api
