// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/engine.h"

#include "engine/api/chats.h"
#include "engine/api/documents.h"
#include "engine/api/engine_state.h"
#include "engine/api/models.h"
#include "engine/core/error.h"
#include "engine/cpu/level.h"
#include "engine/cuda/module.h"
#include "engine/store/app_schema.h"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

fs::path thisProgram()
{
    std::error_code error;
    const fs::path path = fs::read_symlink("/proc/self/exe", error);
    return error ? fs::path() : path;
}

/// In a build tree the program is build/PRESET/app/switchyard of the source folder; installed it is PREFIX/bin/switchyard. A test
/// lies at any depth of the build tree.
fs::path findResources(const fs::path& program)
{
    const fs::path catalogue = fs::path("models") / "catalogue.json";
    std::error_code error;
    for (fs::path dir = program.parent_path(); !dir.empty(); dir = dir.parent_path()) {
        for (const fs::path& candidate : {dir / "resources", dir / "share" / "switchyard"}) {
            if (fs::exists(candidate / catalogue, error))
                return candidate;
        }
        if (dir == dir.parent_path())
            break;
    }
    return {};
}

fs::path usableFolder(const fs::path& wanted)
{
    const fs::path dir = fs::absolute(wanted.empty() ? defaultDataDir() : wanted).lexically_normal();
    std::error_code error;
    fs::create_directories(dir / "models", error);
    if (error)
        throw StorageFailure(dir.string(), "creating the data folder", error.message());
    if (::access(dir.c_str(), W_OK | X_OK) != 0)
        throw StorageFailure(dir.string(), "opening the data folder", "this user may not write there");
    return dir;
}

EngineOptions resolved(EngineOptions options)
{
    if (options.executable.empty())
        options.executable = thisProgram();
    if (options.device != "auto" && options.device != "cpu")
        throw Unsupported("device " + options.device, "this version computes on the CPU only; " +
                                                          cuda::describe(cuda::probe(cuda::moduleOf(options.executable))));
    options.device = "cpu";
    if (options.nThreads < 0)
        throw std::invalid_argument("the number of threads is negative");
    if (options.nThreads == 0)
        options.nThreads = cpu::physicalCores();
    if (options.resources.empty())
        options.resources = findResources(thisProgram());
    options.dataDir = usableFolder(options.dataDir);
    return options;
}

} // namespace

Engine::Engine(EngineOptions options)
{
    options = resolved(std::move(options));
    auto processor = std::make_shared<Processor>(options.nThreads);
    const fs::path dataDir = options.dataDir;
    // A connection each: a long write in one never holds a lock that another waits for inside this process.
    m_state = std::unique_ptr<State>(new State{std::move(options), std::move(processor),
                                               store::ChatStore(store::openAppDatabase(dataDir)),
                                               store::CollectionStore(store::openAppDatabase(dataDir)),
                                               store::ModelStore(store::openAppDatabase(dataDir)),
                                               std::make_unique<SavedContexts>(dataDir / "contexts"),
                                               std::make_unique<Trash>(runsFolder(dataDir), "run"),
                                               std::make_unique<Trash>(dataDir / "adapters", "adapter"), {}, {}, {}, {}});
    m_state->library = std::make_unique<ModelLibrary>(*this);
    m_state->models = std::make_unique<ModelHost>(*this);
    m_state->chats = std::make_unique<Chats>(*this);
    m_state->documents = std::make_unique<Documents>(*this);
}

Engine::~Engine() = default;

const fs::path& Engine::dataDir() const
{
    return m_state->options.dataDir;
}

int Engine::nThreads() const
{
    return m_state->options.nThreads;
}

std::string Engine::device() const
{
    return m_state->options.device;
}

ModelLibrary& Engine::library()
{
    return *m_state->library;
}

ModelHost& Engine::models()
{
    return *m_state->models;
}

Chats& Engine::chats()
{
    return *m_state->chats;
}

Documents& Engine::documents()
{
    return *m_state->documents;
}

SavedContexts& Engine::contexts()
{
    return *m_state->contexts;
}

Engine::State& Engine::state()
{
    return *m_state;
}

fs::path defaultDataDir()
{
    if (const char* home = std::getenv("XDG_DATA_HOME"); home && *home)
        return fs::path(home) / "Switchyard";
    const char* home = std::getenv("HOME");
    return fs::path(home && *home ? home : ".") / ".local" / "share" / "Switchyard";
}

} // namespace sy::api
