// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/extractor.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/documents/pipe.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace sy::documents {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr uint64_t kMaxFrameBytes = 600'000'000;

class Fd {
public:
    explicit Fd(int fd = -1) : m_fd(fd) {}
    Fd(Fd&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}
    Fd& operator=(Fd&& other) noexcept
    {
        std::swap(m_fd, other.m_fd);
        return *this;
    }
    ~Fd() { reset(); }
    int get() const { return m_fd; }
    void reset()
    {
        if (m_fd >= 0)
            close(m_fd);
        m_fd = -1;
    }

private:
    int m_fd;
};

struct Pipe {
    Fd readEnd;
    Fd writeEnd;
};

Pipe makePipe()
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        throw StorageFailure("", "starting the document reader", std::strerror(errno));
    return {Fd(ends[0]), Fd(ends[1])};
}

class SpawnActions {
public:
    SpawnActions() { posix_spawn_file_actions_init(&m_actions); }
    ~SpawnActions() { posix_spawn_file_actions_destroy(&m_actions); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    posix_spawn_file_actions_t* get() { return &m_actions; }

private:
    posix_spawn_file_actions_t m_actions;
};

class SpawnAttributes {
public:
    SpawnAttributes()
    {
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_init(&m_attributes);
        posix_spawnattr_setsigmask(&m_attributes, &none);
        posix_spawnattr_setflags(&m_attributes, POSIX_SPAWN_SETSIGMASK);
    }
    ~SpawnAttributes() { posix_spawnattr_destroy(&m_attributes); }
    SpawnAttributes(const SpawnAttributes&) = delete;
    SpawnAttributes& operator=(const SpawnAttributes&) = delete;
    const posix_spawnattr_t* get() const { return &m_attributes; }

private:
    posix_spawnattr_t m_attributes;
};

// A write to a helper that has died raises SIGPIPE in this thread unless it is blocked; a library must not change what the
// whole program does with a signal.
class WithoutSigpipe {
public:
    WithoutSigpipe()
    {
        sigemptyset(&m_pipe);
        sigaddset(&m_pipe, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        m_wasPending = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &m_pipe, &m_old);
    }
    ~WithoutSigpipe()
    {
        const timespec now{};
        if (!m_wasPending)
            while (sigtimedwait(&m_pipe, nullptr, &now) == -1 && errno == EINTR) {
            }
        pthread_sigmask(SIG_SETMASK, &m_old, nullptr);
    }
    WithoutSigpipe(const WithoutSigpipe&) = delete;
    WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

private:
    sigset_t m_pipe;
    sigset_t m_old;
    bool m_wasPending = false;
};

std::string reasonOf(int status)
{
    if (WIFSIGNALED(status)) {
        switch (WTERMSIG(status)) {
        case SIGXCPU:
            return "it took too long";
        case SIGSEGV:
        case SIGBUS:
        case SIGABRT:
        case SIGFPE:
        case SIGILL:
            return std::string("it crashed: ") + strsignal(WTERMSIG(status));
        case SIGKILL:
            return "it was killed, perhaps for want of memory";
        default:
            return strsignal(WTERMSIG(status));
        }
    }
    return "it ended early, perhaps for want of memory";
}

} // namespace

/// One helper process and its pipes.
class Extractor::Helper {
public:
    Helper(const std::string& executable, const HelperLimits& limits)
    {
        Pipe requests = makePipe(), answers = makePipe();
        SpawnActions actions;
        posix_spawn_file_actions_adddup2(actions.get(), requests.readEnd.get(), STDIN_FILENO);
        posix_spawn_file_actions_adddup2(actions.get(), answers.writeEnd.get(), STDOUT_FILENO);
        posix_spawn_file_actions_addopen(actions.get(), STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addclosefrom_np(actions.get(), STDERR_FILENO + 1);
        std::string program = executable, argument = kReaderHelperArgument;
        char* arguments[] = {program.data(), argument.data(), nullptr};
        SpawnAttributes attributes; // our caller's thread may have signals blocked
        const int problem = posix_spawn(&m_pid, executable.c_str(), actions.get(), attributes.get(), arguments, environ);
        if (problem != 0)
            throw StorageFailure(executable, "starting the document reader", std::strerror(problem));
        m_requests = std::move(requests.writeEnd);
        m_answers = std::move(answers.readEnd);
        send(Json{{"memoryBytes", limits.memoryBytes}}.dump(), {});
    }

    ~Helper()
    {
        if (m_pid > 0) {
            kill(m_pid, SIGKILL);
            reap();
        }
    }
    Helper(const Helper&) = delete;
    Helper& operator=(const Helper&) = delete;

    /// A helper that has died shows when its answer is read. The path travels as bytes: it need not be UTF-8.
    void send(const std::string& requestJson, const std::string& path)
    {
        const WithoutSigpipe quiet;
        if (writeFrame(m_requests.get(), 'J', requestJson))
            writeFrame(m_requests.get(), 'B', path);
    }

    FrameReader reader() const { return FrameReader(m_answers.get(), kMaxFrameBytes); }

    /// Once it has closed its pipe: waits for its end and completes "The file made the reader fail (…)".
    std::string howItEnded()
    {
        int status = 0;
        for (int i = 0; i < 100 && m_pid > 0; ++i) {
            if (waitpid(m_pid, &status, WNOHANG) == m_pid) {
                m_pid = -1;
                return reasonOf(status);
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        kill(m_pid, SIGKILL); // it closed the pipe and lives on
        return reasonOf(reap());
    }

    int nFiles = 0;

private:
    int reap()
    {
        int status = 0;
        while (waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {
        }
        m_pid = -1;
        return status;
    }

    pid_t m_pid = -1;
    Fd m_requests;
    Fd m_answers;
};

namespace {

// Wakes a poll when stop is requested, so that cancelling does not wait for the helper's next answer.
class StopWake {
public:
    explicit StopWake(const std::stop_token& stop)
        : m_event(stop.stop_possible() ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1), m_callback(stop, Wake{m_event.get()})
    {
    }
    int fd() const { return m_event.get(); }

private:
    struct Wake {
        int fd;
        void operator()() const
        {
            const uint64_t one = 1;
            if (fd >= 0 && write(fd, &one, sizeof one) < 0) {
                // The poll wakes up at its next time-out anyway.
            }
        }
    };
    Fd m_event;
    std::stop_callback<Wake> m_callback; // last: no call may come after the descriptor is closed
};

constexpr const char* kNonsense = "it gave an answer that makes no sense";

Document failedDocument(const std::string& path, const std::string& reason)
{
    Document document;
    document.title = path.substr(path.rfind('/') + 1);
    document.outcome = Outcome::Error;
    document.message = "The file made the reader fail (" + reason + ").";
    return document;
}

} // namespace

Extractor::Extractor(std::string helperExecutable, HelperLimits limits)
    : m_helperExecutable(std::move(helperExecutable)), m_limits(limits)
{
}

Extractor::~Extractor() = default;

// Sends one request and hands its answers to take(frame, json), which returns true at the last one. Gives the reason of a
// failure, or nothing when all went well. A helper that has served other files and dies may have died of them: then the file
// gets a fresh one, and reset() forgets what has come so far.
template <typename Reset, typename Take>
std::optional<std::string> Extractor::request(const std::string& path, const std::string& requestJson,
                                              const std::stop_token& stop, Reset reset, Take take)
{
    for (;;) {
        reset();
        const bool isFresh = startHelper(stop);
        bool isTimeOut = false;
        auto failure = exchange(path, requestJson, stop, take, isTimeOut);
        if (!failure)
            return std::nullopt;
        m_helper.reset();
        if (isFresh || isTimeOut)
            return failure;
    }
}

bool Extractor::startHelper(const std::stop_token& stop)
{
    if (stop.stop_requested())
        throw Cancelled();
    if (m_helper && m_helper->nFiles >= m_limits.filesPerHelper)
        m_helper.reset();
    const bool isFresh = !m_helper;
    if (isFresh)
        m_helper = std::make_unique<Helper>(m_helperExecutable, m_limits);
    ++m_helper->nFiles;
    return isFresh;
}

template <typename Take>
std::optional<std::string> Extractor::exchange(const std::string& path, const std::string& requestJson,
                                               const std::stop_token& stop, Take& take, bool& isTimeOut)
{
    m_helper->send(requestJson, path);
    const StopWake wake(stop);
    const auto deadline = Clock::now() + m_limits.wallTime;
    FrameReader reader = m_helper->reader();
    Frame frame;
    for (;;) {
        switch (reader.next(frame, deadline, stop, wake.fd())) {
        case ReadStatus::Ok:
            break;
        case ReadStatus::Closed:
            return m_helper->howItEnded();
        case ReadStatus::TimedOut:
            isTimeOut = true;
            return "it took longer than " +
                   std::to_string(std::chrono::ceil<std::chrono::seconds>(m_limits.wallTime).count()) + " seconds";
        case ReadStatus::Stopped:
            m_helper.reset();
            throw Cancelled();
        case ReadStatus::Broken:
            return kNonsense;
        }
        const Json answer = frame.type == 'J' ? Json::parse(frame.bytes, nullptr, false) : Json::object();
        if (!answer.is_object())
            return kNonsense;
        if (answer.contains("failed"))
            return answer["failed"] == "memory" ? "it needs more memory than the limit"
                                                : "it met an error it could not handle";
        try {
            if (take(frame, answer))
                return std::nullopt;
        } catch (const Json::exception&) {
            return kNonsense;
        }
    }
}

std::string Extractor::requestText(const char* what, const std::string& password) const
{
    const auto seconds = std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(m_limits.wallTime).count());
    return Json{{"do", what}, {"seconds", seconds}, {"password", password}}.dump(-1, ' ', false,
                                                                                 Json::error_handler_t::replace);
}

Document Extractor::extract(const std::string& path, const std::string& password, std::stop_token stop)
{
    Document document;
    bool wantsText = false;
    int64_t nBytes = 0;
    Json json = Json::parse(requestText("extract", password));
    json["maxPages"] = m_limits.read.maxPages;
    json["maxTextBytes"] = m_limits.read.maxTextBytes;
    json["maxFileBytes"] = m_limits.read.maxFileBytes;
    const auto reset = [&] {
        document = {};
        wantsText = false;
        nBytes = 0;
    };
    const auto failure = request(path, json.dump(), stop, reset, [&](Frame& frame, const Json& answer) {
        if (frame.type == 'B') {
            nBytes += static_cast<int64_t>(frame.bytes.size());
            if (!wantsText || nBytes > m_limits.read.maxTextBytes + 1024)
                throw Json::other_error::create(599, "unexpected text", nullptr);
            document.pages.back().text = isValidUtf8(frame.bytes) ? std::move(frame.bytes) : sanitizedUtf8(frame.bytes);
            wantsText = false;
            return false;
        }
        if (answer.contains("done")) {
            document.title = answer.at("title");
            document.markup =
                static_cast<Markup>(std::clamp(answer.at("markup").get<int>(), 0, static_cast<int>(Markup::Pages)));
            document.outcome =
                static_cast<Outcome>(std::clamp(answer.at("outcome").get<int>(), 0, static_cast<int>(Outcome::Error)));
            document.message = answer.at("message");
            document.mediaType = answer.at("mediaType");
            document.charset = answer.at("charset");
            return true;
        }
        Page page;
        page.number = answer.at("number");
        page.label = answer.at("label");
        page.width = answer.at("width");
        page.height = answer.at("height");
        for (const Json& heading : answer.at("headings"))
            page.headings.push_back({heading.at(0), heading.at(1), heading.at(2)});
        if (static_cast<int>(document.pages.size()) >= m_limits.read.maxPages)
            throw Json::other_error::create(599, "too many pages", nullptr);
        document.pages.push_back(std::move(page));
        wantsText = true;
        return false;
    });
    return failure ? failedDocument(path, *failure) : document;
}

PageImage Extractor::renderPage(const std::string& path, int page, double dpi, const std::string& password,
                                std::stop_token stop)
{
    PageImage image;
    Json json = Json::parse(requestText("render", password));
    json["page"] = page;
    json["dpi"] = dpi;
    const auto failure = request(
        path, json.dump(), stop, [&] { image = {}; },
        [&](Frame& frame, const Json& answer) {
            if (frame.type == 'J') {
                image.width = answer.at("width");
                image.height = answer.at("height");
                return false;
            }
            if (image.width < 0 || image.height < 0 ||
                static_cast<uint64_t>(image.width) * static_cast<uint64_t>(image.height) * 3 != frame.bytes.size())
                throw Json::other_error::create(599, "image size", nullptr);
            image.rgb.assign(frame.bytes.begin(), frame.bytes.end());
            return true;
        });
    return failure ? PageImage{} : image;
}

std::vector<Rect> Extractor::boxesOfSpan(const std::string& path, int page, int64_t start, int64_t end,
                                         const std::string& password, std::stop_token stop)
{
    std::vector<Rect> boxes;
    Json json = Json::parse(requestText("boxes", password));
    json["page"] = page;
    json["start"] = start;
    json["end"] = end;
    const auto failure = request(
        path, json.dump(), stop, [&] { boxes.clear(); },
        [&](Frame&, const Json& answer) {
            for (const Json& box : answer.at("boxes"))
                boxes.push_back({box.at(0), box.at(1), box.at(2), box.at(3)});
            return true;
        });
    return failure ? std::vector<Rect>{} : boxes;
}

} // namespace sy::documents
