// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace sy::api {

class ModelLibrary;
class ModelHost;
class Chats;
class Documents;
class SavedContexts;

struct EngineOptions {
    std::filesystem::path dataDir;    // created when absent; empty: $XDG_DATA_HOME/Switchyard
    int nThreads = 0;                 // 0: physical cores
    std::string device = "auto";      // auto, cpu, cuda, cuda:N; this build has cpu
    std::filesystem::path executable; // this program, started again as the reader's helper process; empty: /proc/self/exe
    std::filesystem::path resources;  // folder with models/catalogue.json and samples/; empty: found beside the program
};

/// The engine as the app sees it: one per process. Opens the data folder (a second process may use it at the same time), owns the
/// thread pool and the database. Everything below is thread-safe unless it says otherwise.
/// Throws StorageFailure when the data folder cannot be used, Unsupported for a device that this build does not have.
class Engine {
public:
    explicit Engine(EngineOptions options);
    ~Engine();

    const std::filesystem::path& dataDir() const;
    int nThreads() const;
    std::string device() const; // "cpu"

    ModelLibrary& library(); // model files: list, import, fetch, verify, remove
    ModelHost& models();     // loaded models
    Chats& chats();          // conversations on disk
    Documents& documents();  // collections: ingest, search, ask
    SavedContexts& contexts(); // KV caches of chats that were put away

    struct State; // shared by the implementation files of engine/api
    State& state();

private:
    std::unique_ptr<State> m_state;
};

struct MemoryState {
    uint64_t totalBytes;
    uint64_t availableBytes; // what could be taken now without swapping (MemAvailable)
    uint64_t processBytes;   // resident set of this process
};
MemoryState memoryState(); // of the machine; for who loads a model: ModelHost::memory()

std::filesystem::path defaultDataDir();

} // namespace sy::api
