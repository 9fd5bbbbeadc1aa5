// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/engine_state.h"
#include "engine/api/models.h"
#include "engine/core/error.h"
#include "engine/cpu/level.h"
#include "engine/cuda/module.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <sqlite3.h>
#include <string>
#include <sys/utsname.h>
#include <unistd.h>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

std::string gigabytes(uint64_t bytes)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GB", double(bytes) / 1e9);
    return text;
}

DoctorRow system()
{
    std::string name = "Linux";
    std::ifstream release("/etc/os-release");
    for (std::string line; std::getline(release, line);) {
        if (line.rfind("PRETTY_NAME=", 0) == 0) {
            name = line.substr(12);
            std::erase(name, '"');
        }
    }
    utsname kernel{};
    uname(&kernel);
    return {"system", name + ", kernel " + kernel.release, true, {}};
}

DoctorRow processor(const Engine& engine)
{
    const int nCores = cpu::physicalCores();
    const std::string name(cpu::processorName());
    DoctorRow row{"processor",
                  (name.empty() ? "unknown" : name) + ", " + std::to_string(nCores) + (nCores == 1 ? " core, " : " cores, ") +
                      std::to_string(engine.nThreads()) + (engine.nThreads() == 1 ? " thread used, " : " threads used, ") +
                      std::string(cpu::levelName(cpu::level())),
                  true,
                  {}};
    if (cpu::level() == cpu::Level::scalar) {
        row.isGood = false;
        row.remedy = std::getenv("SWITCHYARD_CPU_ISA") ? "Unset SWITCHYARD_CPU_ISA to use this processor's vector instructions."
                                                       : "Answers will be slow: use a machine with AVX2, or smaller models.";
    } else if (engine.nThreads() > nCores) {
        row.isGood = false;
        row.remedy = "More threads than physical cores slow each other down: set --threads to " + std::to_string(nCores) + ".";
    }
    return row;
}

DoctorRow memory()
{
    const MemoryState state = memoryState();
    constexpr uint64_t kSmallestComfort = 2'000'000'000; // the starter model with its cache
    const bool isGood = state.availableBytes >= kSmallestComfort;
    return {"memory", gigabytes(state.totalBytes) + ", " + gigabytes(state.availableBytes) + " free", isGood,
            isGood ? "" : "Close other programs, or choose a smaller model or a shorter context."};
}

DoctorRow cuda(Engine& engine)
{
    const auto found = cuda::probe(cuda::moduleOf(engine.state().options.executable));
    const bool isGood = found.state != cuda::Availability::State::badModule;
    return {"CUDA", cuda::describe(found) + "; this version computes on the CPU", isGood,
            isGood ? "" : "Build it again on this machine, or configure with -DSWITCHYARD_CUDA=OFF."};
}

DoctorRow dataFolder(const Engine& engine)
{
    const fs::path& dir = engine.dataDir();
    std::error_code error;
    const fs::space_info space = fs::space(dir, error);
    DoctorRow row{"data folder", dir.string() + (error ? "" : ", " + gigabytes(space.available) + " free"), true, {}};
    const fs::path probe = dir / (".doctor-" + std::to_string(getpid()));
    {
        std::ofstream out(probe);
        out << "x" << std::flush;
        row.isGood = bool(out);
    }
    fs::remove(probe, error);
    constexpr uint64_t kRoomForAModel = 3'000'000'000;
    if (!row.isGood)
        row.remedy = "Nothing can be written there: check its owner and whether the disk is full, or choose another with --data.";
    else if (space.available < kRoomForAModel) {
        row.isGood = false;
        row.remedy = "Free some space: models and indexes need a few gigabytes.";
    }
    return row;
}

DoctorRow resources(Engine& engine)
{
    const fs::path& dir = engine.state().options.resources;
    if (!dir.empty())
        return {"resources", dir.string(), true, {}};
    return {"resources", "not found", false,
            "The folder with the model catalogue and the samples is missing beside the program: install it again."};
}

DoctorRow models(Engine& engine, ModelKind kind)
{
    const bool isChat = kind == ModelKind::chat;
    const std::string topic = isChat ? "chat model" : "embedding model";
    const std::string remedy = isChat ? "Fetch one with \"switchyard models fetch\" or import a GGUF file or a folder of safetensors."
                                      : "Without one, documents are searched by words alone: fetch one with \"switchyard models fetch\".";
    std::string names;
    int nMissing = 0, nUsable = 0;
    for (const ModelEntry& entry : engine.library().list()) {
        if (entry.kind != kind)
            continue;
        names += (names.empty() ? "" : ", ") + entry.name + (entry.isMissing ? " (file is gone)" : "");
        ++(entry.isMissing ? nMissing : nUsable);
    }
    if (nUsable == 0)
        return {topic, names.empty() ? "none" : names, false, remedy};
    if (nMissing > 0)
        return {topic, names, false, "Put the missing file back where it was, or remove its entry from the list."};
    return {topic, names, true, {}};
}

DoctorRow popplerData()
{
    std::error_code error;
    for (const char* dir : {"/usr/share/poppler/cMap", "/usr/local/share/poppler/cMap"}) {
        if (fs::is_directory(dir, error))
            return {"poppler-data", dir, true, {}};
    }
    return {"poppler-data", "not found", false,
            "Chinese and Japanese PDF files without embedded fonts will read as gibberish: install the package poppler-data."};
}

DoctorRow database()
{
    const bool hasFullText = sqlite3_compileoption_used("ENABLE_FTS5") != 0;
    return {"SQLite", sqlite3_libversion() + std::string(hasFullText ? ", full-text search" : ""), hasFullText,
            hasFullText ? "" : "This SQLite lacks FTS5, which searching needs: install the system's libsqlite3 package."};
}

DoctorRow helper(Engine& engine)
{
    const fs::path& program = engine.state().options.executable;
    if (access(program.c_str(), X_OK) == 0)
        return {"reader", program.string(), true, {}};
    return {"reader", program.string(), false,
            "The program cannot start itself to read documents: it was moved or replaced while running. Start it again."};
}

} // namespace

std::vector<DoctorRow> doctor(Engine& engine)
{
    std::vector<DoctorRow> rows{system(), processor(engine), memory(), cuda(engine), dataFolder(engine), resources(engine)};
    rows.push_back(models(engine, ModelKind::chat));
    rows.push_back(models(engine, ModelKind::embedding));
    rows.push_back(helper(engine));
    rows.push_back(popplerData());
    rows.push_back(database());
    return rows;
}

} // namespace sy::api
