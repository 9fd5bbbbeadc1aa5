// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/run_folder.h"

#include "engine/core/error.h"
#include "engine/formats/new_file.h"
#include "engine/models/gguf_adapter.h"
#include "engine/models/peft_adapter.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <span>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kUsed = "used-";
constexpr const char* kTrashLock = "lock";
constexpr const char* kExperts = "experts.json";

using State = RunEntry::State;
constexpr std::pair<State, const char*> kStates[] = {{State::running, "running"},
                                                     {State::stopped, "stopped"},
                                                     {State::done, "done"},
                                                     {State::diverged, "diverged"},
                                                     {State::interrupted, "interrupted"}};

struct flock wholeFile()
{
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    return range;
}

std::string readAll(const fs::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// The position behind the last line break; what follows was being written when its process ended.
size_t endOfWholeLines(const std::string& text)
{
    const size_t last = text.rfind('\n');
    return last == std::string::npos ? 0 : last + 1;
}

// What file names can hold of a name.
std::string stemOf(const std::string& name)
{
    std::string stem;
    for (const char c : name) {
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        const bool isUpper = c >= 'A' && c <= 'Z';
        if (isPlain || isUpper)
            stem += isUpper ? char(c - 'A' + 'a') : c;
        else if (!stem.empty() && stem.back() != '-')
            stem += '-';
    }
    while (!stem.empty() && stem.back() == '-')
        stem.pop_back();
    return stem.empty() ? "run" : stem;
}

bool isThere(const fs::path& path)
{
    std::error_code ignored;
    return fs::exists(path, ignored);
}

} // namespace

// Locks of open file descriptions and not flock(): theirs can be asked for without being taken, so that a list of runs
// never stands in the way of a run that begins.
std::optional<FileLock> FileLock::tryLock(const fs::path& file)
{
    FileLock lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    struct flock range = wholeFile();
    if (lock.m_fd >= 0 && ::fcntl(lock.m_fd, F_OFD_SETLK, &range) == 0)
        return lock;
    if (lock.m_fd >= 0 && (errno == EAGAIN || errno == EACCES))
        return {};
    throw StorageFailure(file.string(), "locking the file", std::strerror(errno));
}

bool FileLock::isHeld(const fs::path& file)
{
    const FileLock opened(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    struct flock range = wholeFile();
    return opened.m_fd >= 0 && ::fcntl(opened.m_fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

FileLock::FileLock(FileLock&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept
{
    std::swap(m_fd, other.m_fd);
    return *this;
}

FileLock::~FileLock()
{
    if (m_fd >= 0)
        ::close(m_fd);
}

std::optional<RunStatus> readRunStatus(const fs::path& folder)
{
    const auto json = nlohmann::json::parse(readAll(folder / "state.json"), nullptr, false);
    if (!json.is_object())
        return {};
    RunStatus s;
    try {
        const auto* state =
            std::ranges::find_if(kStates, [name = json.value("state", "")](const auto& row) { return name == row.second; });
        if (state != std::end(kStates))
            s.state = state->first;
        s.startedAt = json.value("startedAt", int64_t(0));
        s.step = json.value("step", int64_t(0));
        s.steps = json.value("steps", int64_t(0));
        s.secondsBefore = json.value("secondsBefore", 0.0);
        s.seconds = json.value("seconds", 0.0);
        s.finalLoss = json.value("finalLoss", 0.0);
        if (const auto best = json.find("bestEvalLoss"); best != json.end() && best->is_number())
            s.bestEvalLoss = best->get<double>();
        s.bestStep = json.value("bestStep", int64_t(0));
        s.peakBytes = json.value("peakBytes", uint64_t(0));
    } catch (const nlohmann::json::exception&) { // changed by hand
        return {};
    }
    return s;
}

void writeRunStatus(const fs::path& folder, const RunStatus& s)
{
    const auto* state = std::ranges::find(kStates, s.state, &std::pair<State, const char*>::first);
    nlohmann::ordered_json json = {{"state", state->second},   {"startedAt", s.startedAt},         {"step", s.step},
                                   {"steps", s.steps},         {"secondsBefore", s.secondsBefore}, {"seconds", s.seconds},
                                   {"finalLoss", s.finalLoss}, {"peakBytes", s.peakBytes}};
    if (s.bestEvalLoss) {
        json["bestEvalLoss"] = *s.bestEvalLoss;
        json["bestStep"] = s.bestStep;
    }
    writeTextFile(folder / "state.json", json.dump(2) + "\n");
}

train::ExpertChoice readExperts(const fs::path& folder)
{
    const fs::path path = folder / kExperts;
    const auto json = nlohmann::json::parse(readAll(path), nullptr, false);
    try {
        train::ExpertChoice experts;
        for (const auto& [layer, some] : json.at("layers").items())
            experts[std::stoi(layer)] = some.get<std::vector<int32_t>>();
        return experts;
    } catch (const std::exception&) { // changed by hand
        throw BadFile(path.string(), "is no choice of experts");
    }
}

void writeExperts(const fs::path& folder, const train::ExpertChoice& experts)
{
    nlohmann::ordered_json layers = nlohmann::ordered_json::object();
    for (const auto& [layer, some] : experts)
        layers[std::to_string(layer)] = some;
    writeTextFile(folder / kExperts, nlohmann::ordered_json{{"layers", layers}}.dump() + "\n");
}

void writeTextFile(const fs::path& path, const std::string& text)
{
    formats::NewFile file(path);
    file.write(std::as_bytes(std::span(text)));
    file.commit();
}

fs::path adapterIn(const fs::path& folder, const std::string& name)
{
    if (isThere(folder / (name + ".gguf")))
        return folder / (name + ".gguf");
    return isThere(folder / name / "adapter_config.json") ? folder / name : fs::path();
}

fs::path writeAdapterIn(const fs::path& folder, const std::string& name, const models::Model& model,
                        const nn::Adapter& adapter, const std::string& base)
{
    const bool isDora =
        std::ranges::any_of(adapter.updates, [](const auto& update) { return bool(update.second.magnitude); });
    const fs::path path = isDora ? folder / name : folder / (name + ".gguf");
    if (isDora)
        models::writePeftAdapter(path, model, adapter, base);
    else
        models::writeGgufAdapter(path, model, adapter);
    return path;
}

JsonLines::JsonLines(fs::path path)
    : m_path(std::move(path)), m_fd(::open(m_path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666))
{
    if (m_fd < 0)
        throw StorageFailure(m_path.string(), "opening the file", std::strerror(errno));
}

JsonLines::~JsonLines()
{
    ::close(m_fd);
}

void JsonLines::add(const nlohmann::ordered_json& line)
{
    const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    for (size_t done = 0; done < text.size();) {
        const ssize_t n = ::write(m_fd, text.data() + done, text.size() - done);
        if (n < 0 && errno != EINTR)
            throw StorageFailure(m_path.string(), "writing the file", std::strerror(errno));
        done += n > 0 ? size_t(n) : 0;
    }
}

void JsonLines::keepUpTo(int64_t step)
{
    const std::string text = readAll(m_path);
    size_t kept = 0;
    for (size_t begin = 0, end; begin < endOfWholeLines(text); begin = end) {
        end = text.find('\n', begin) + 1;
        const auto line = nlohmann::json::parse(text.begin() + long(begin), text.begin() + long(end), nullptr, false);
        if (line.is_object() && line.contains("step") && line["step"].is_number() && line["step"].get<int64_t>() <= step)
            kept = end;
    }
    if (::ftruncate(m_fd, off_t(kept)) != 0)
        throw StorageFailure(m_path.string(), "cutting the file", std::strerror(errno));
}

std::vector<nlohmann::json> JsonLines::read(const fs::path& path)
{
    const std::string text = readAll(path);
    std::vector<nlohmann::json> lines;
    for (size_t begin = 0, end; begin < endOfWholeLines(text); begin = end) {
        end = text.find('\n', begin) + 1;
        auto line = nlohmann::json::parse(text.begin() + long(begin), text.begin() + long(end), nullptr, false);
        if (line.is_object())
            lines.push_back(std::move(line));
    }
    return lines;
}

std::optional<nlohmann::json> JsonLines::readLast(const fs::path& path)
{
    constexpr std::streamoff kMostBytes = 8192; // two lines and more
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    const std::streamoff size = in ? std::streamoff(in.tellg()) : 0, first = std::max<std::streamoff>(0, size - kMostBytes);
    in.seekg(first);
    std::string text(size_t(size - first), '\0');
    in.read(text.data(), std::streamsize(text.size()));
    text.resize(endOfWholeLines(text));
    if (text.empty())
        return {};
    const size_t begin = text.rfind('\n', text.size() - 2);
    auto line =
        nlohmann::json::parse(text.begin() + long(begin == std::string::npos ? 0 : begin + 1), text.end(), nullptr, false);
    return line.is_object() ? std::optional(std::move(line)) : std::nullopt;
}

nlohmann::ordered_json toJson(const FineTuneStep& s)
{
    nlohmann::ordered_json line = {{"step", s.step},
                                   {"steps", s.steps},
                                   {"loss", s.loss},
                                   {"learningRate", s.learningRate},
                                   {"gradientNorm", s.gradientNorm},
                                   {"tokensPerSecond", s.tokensPerSecond},
                                   {"seconds", s.seconds},
                                   {"residentBytes", s.residentBytes}};
    if (s.evalLoss)
        line["evalLoss"] = *s.evalLoss;
    if (s.experts) {
        line["heaviestExpert"] = s.experts->heaviest;
        line["idleExperts"] = s.experts->idleShare;
    }
    if (s.isSkipped)
        line["skipped"] = true;
    if (s.isCheckpoint)
        line["checkpoint"] = true;
    return line;
}

nlohmann::ordered_json toJson(const FineTuneSample& s)
{
    return {{"step", s.step}, {"prompt", s.prompt}, {"text", s.text}};
}

fs::path runsFolder(const fs::path& dataDir)
{
    return dataDir / "runs";
}

fs::path folderOf(const fs::path& dataDir, const std::string& id)
{
    const fs::path folder = runsFolder(dataDir) / fs::path(id).filename();
    if (id.empty() || id.front() == '.' || !isThere(folder / "config.json"))
        throw StorageFailure((runsFolder(dataDir) / id).string(), "reading the run", "there is no such run");
    return folder;
}

fs::path newRunFolder(const fs::path& dataDir, const std::string& name)
{
    const fs::path runs = runsFolder(dataDir);
    const std::string stem = stemOf(name);
    std::error_code error;
    fs::create_directories(runs, error);
    for (int i = 1;; ++i) {
        const std::string id = stem + "-" + std::to_string(i);
        if (isThere(runs / ".trash" / id)) // it may come back
            continue;
        if (fs::create_directory(runs / id, error)) // whoever makes it has it
            return runs / id;
        if (error)
            throw StorageFailure((runs / id).string(), "making a folder for the run", error.message());
    }
}

std::optional<std::pair<int64_t, fs::path>> usedAdapterIn(const fs::path& folder)
{
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
        const std::string name = it->path().stem().string();
        if (!name.starts_with(kUsed))
            continue;
        if (const fs::path adapter = adapterIn(folder, name); !adapter.empty())
            return std::pair(std::strtoll(name.c_str() + kUsed.size(), nullptr, 10), adapter);
    }
    return {};
}

void dropUsedAdapter(const fs::path& folder)
{
    while (const auto used = usedAdapterIn(folder)) {
        std::error_code failed;
        fs::remove_all(used->second, failed);
        if (failed)
            throw StorageFailure(used->second.string(), "removing the adapter", failed.message());
    }
}

Trash::Trash(fs::path folder, std::string what)
    : m_folder(std::move(folder)), m_trash(m_folder / ".trash"), m_what(std::move(what))
{
    std::error_code ignored;
    if (isThere(m_trash) && !FileLock::isHeld(m_trash / kTrashLock))
        fs::remove_all(m_trash, ignored);
}

void Trash::put(const std::string& name)
{
    const std::lock_guard guard(m_mutex);
    std::error_code error;
    fs::create_directories(m_trash, error);
    for (const auto& entry : fs::directory_iterator(m_trash, error)) {
        if (entry.path().filename() != kTrashLock)
            fs::remove_all(entry.path(), error);
    }
    if (!m_lock)
        m_lock = FileLock::tryLock(m_trash / kTrashLock);
    fs::rename(m_folder / name, m_trash / name, error);
    if (error)
        throw StorageFailure((m_folder / name).string(), "removing the " + m_what, error.message());
}

std::string Trash::restore(const std::string& name)
{
    const std::lock_guard guard(m_mutex);
    const fs::path file = fs::path(name).filename(), from = m_trash / file;
    if (name.empty() || name == kTrashLock || !isThere(from))
        throw StorageFailure((m_folder / name).string(), "bringing the " + m_what + " back", "it is not there any more");
    // Only what adapters are stored with is an extension: the name of a run may have a dot.
    const bool isGguf = file.extension() == ".gguf";
    std::string to = file.string();
    for (int i = 2; isThere(m_folder / to); ++i)
        to = (isGguf ? file.stem() : file).string() + "-" + std::to_string(i) + (isGguf ? ".gguf" : "");
    std::error_code error;
    fs::rename(from, m_folder / to, error);
    if (error)
        throw StorageFailure(from.string(), "bringing the " + m_what + " back", error.message());
    return to;
}

} // namespace sy::api
