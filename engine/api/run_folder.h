// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api: a fine-tuning run on disk.
//
//     runs/ID/config.json     the settings it began with
//             lock            held while a process trains it, so that a run that nobody trains is known to be one
//             metrics.jsonl   a line for each step, written as it happens
//             samples.jsonl   a line for each answer to one of its prompts
//             state.json      where it stood when it began, at its last checkpoint, or when it ended
//             about.json      name and notes that a person gave it
//             initial.gguf    likewise the adapter that it went on from, where there is one
//             checkpoints/    as train::Trainer writes them
//             adapter.gguf    of the last checkpoint, as PEFT in adapter/ where GGUF has no place for it (DoRA)
//             best.gguf       likewise of the lowest held-out loss
//             model.gguf, best-model.gguf    in place of these, of a run that trains the model itself
//             used-STEP.gguf  likewise of a checkpoint that was chosen instead of the last one
//     runs/.trash/ID          put away by removeRun()
#pragma once

#include "engine/api/runs.h"
#include "engine/models/model.h"
#include "engine/nn/adapter.h"
#include "engine/train/expert_choice.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace sy::api {

/// A lock on a file that ends with the process that holds it, however that ends. Two in one process exclude each other too.
class FileLock {
public:
    /// Makes the file when it is not there. Empty when somebody else has the lock. Throws StorageFailure.
    static std::optional<FileLock> tryLock(const std::filesystem::path& file);
    /// Whether somebody has it; takes nothing.
    static bool isHeld(const std::filesystem::path& file);

    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

private:
    explicit FileLock(int fd) : m_fd(fd) {}
    int m_fd;
};

/// state.json.
struct RunStatus {
    RunEntry::State state = RunEntry::State::running;
    int64_t startedAt = 0; // seconds since 1970, UTC
    int64_t step = 0;
    int64_t steps = 0;
    double secondsBefore = 0; // of the calls before this one
    double seconds = 0;       // of this one
    double finalLoss = 0;
    std::optional<double> bestEvalLoss;
    int64_t bestStep = 0;
    uint64_t peakBytes = 0;
};
std::optional<RunStatus> readRunStatus(const std::filesystem::path& folder);

/// The experts that a run chose when it began, which it goes on with; empty for one that trains all. Throws BadFile.
train::ExpertChoice readExperts(const std::filesystem::path& folder);
void writeExperts(const std::filesystem::path& folder, const train::ExpertChoice& experts);

void writeRunStatus(const std::filesystem::path& folder, const RunStatus& status);

constexpr const char* kTrainedModel = "model.gguf";
constexpr const char* kBestModel = "best-model.gguf";

/// Replaces a small file at once. Throws StorageFailure.
void writeTextFile(const std::filesystem::path& path, const std::string& text);

/// The adapter of that name in a run's folder, in either form; empty when there is none.
std::filesystem::path adapterIn(const std::filesystem::path& folder, const std::string& name);
/// Writes one, in the form that can hold it. Throws StorageFailure.
std::filesystem::path writeAdapterIn(const std::filesystem::path& folder, const std::string& name,
                                     const models::Model& model, const nn::Adapter& adapter, const std::string& base);

/// Lines of JSON that are added one by one and are in the file when add() returns.
class JsonLines {
public:
    /// Makes the file when it is not there. Throws StorageFailure, as add() does.
    explicit JsonLines(std::filesystem::path path);
    JsonLines(const JsonLines&) = delete;
    JsonLines& operator=(const JsonLines&) = delete;
    ~JsonLines();
    void add(const nlohmann::ordered_json& line);

    /// Cuts the file behind its last whole line whose "step" is at most this.
    void keepUpTo(int64_t step);

    /// All whole lines of a file; none when it is not there.
    static std::vector<nlohmann::json> read(const std::filesystem::path& path);
    /// The last whole one, without reading the others.
    static std::optional<nlohmann::json> readLast(const std::filesystem::path& path);

private:
    std::filesystem::path m_path;
    int m_fd;
};

nlohmann::ordered_json toJson(const FineTuneStep& step);
nlohmann::ordered_json toJson(const FineTuneSample& sample);

std::filesystem::path runsFolder(const std::filesystem::path& dataDir);
/// The folder of a run. Throws StorageFailure when there is none.
std::filesystem::path folderOf(const std::filesystem::path& dataDir, const std::string& id);
/// A folder of its own for a run: NAME-1, NAME-2 ... with what file names can hold of the name.
std::filesystem::path newRunFolder(const std::filesystem::path& dataDir, const std::string& name);

/// The adapter of the checkpoint that was chosen, and its step; empty when the last one counts.
std::optional<std::pair<int64_t, std::filesystem::path>> usedAdapterIn(const std::filesystem::path& folder);
/// Makes the last one count again. Throws StorageFailure.
void dropUsedAdapter(const std::filesystem::path& folder);

/// What was put away of a folder: files or folders in .trash/ there. That of processes that have ended is deleted by the
/// constructor. what: "run", for errors.
class Trash {
public:
    Trash(std::filesystem::path folder, std::string what);
    void put(const std::string& name); // what was put away before is gone then
    std::string restore(const std::string& name);

private:
    std::filesystem::path m_folder, m_trash;
    std::string m_what;
    std::mutex m_mutex;
    std::optional<FileLock> m_lock; // while something of ours is in there
};

} // namespace sy::api
