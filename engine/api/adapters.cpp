// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/adapters.h"

#include "engine/api/engine.h"
#include "engine/api/engine_state.h"
#include "engine/api/library.h"
#include "engine/api/runs.h"
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/formats/json_text.h"
#include "engine/formats/mapped_file.h"
#include "engine/formats/model_file.h"
#include "engine/formats/new_file.h"
#include "engine/formats/safetensors/safetensors_file.h"
#include "engine/models/gguf_adapter.h"
#include "engine/models/model_table.h"
#include "engine/models/peft_adapter.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <system_error>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr const char* kConfig = "adapter_config.json";
constexpr const char* kTensors = "adapter_model.safetensors";
constexpr uint64_t kMostConfigBytes = 1 << 20;

fs::path importsFolder(Engine& engine)
{
    return engine.dataDir() / "adapters";
}

bool isPeft(const fs::path& path)
{
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

uint64_t bytesOf(const fs::path& path)
{
    std::error_code failed;
    const uintmax_t bytes = fs::file_size(isPeft(path) ? path / kTensors : path, failed);
    return failed ? 0 : uint64_t(bytes);
}

void copyFile(const fs::path& from, const fs::path& to)
{
    const auto bytes = formats::MappedFile::open(from);
    formats::NewFile out(to);
    out.write(bytes->bytes());
    out.commit();
}

void makeFolder(const fs::path& folder)
{
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
        throw StorageFailure(folder.string(), "making a folder for the adapter", failed.message());
}

// The name that a PEFT folder has for its base; empty when it has none.
std::string baseOf(const fs::path& folder)
{
    const nlohmann::json config = formats::readJson(folder / kConfig, kMostConfigBytes);
    if (!config.is_object())
        throw BadFile((folder / kConfig).string(), "is no object");
    const auto found = config.find("base_model_name_or_path");
    return found != config.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The names that people gave imported adapters, by id.
class Names {
public:
    explicit Names(Engine& engine) : m_path(importsFolder(engine) / "names.json")
    {
        try {
            m_names = formats::readJson(m_path, kMostConfigBytes);
        } catch (const Error&) { // none yet
        }
        if (!m_names.is_object())
            m_names = nlohmann::json::object();
    }
    std::string of(const std::string& id) const
    {
        const auto found = m_names.find(id);
        return found != m_names.end() && found->is_string() ? found->get<std::string>() : id;
    }
    void set(const std::string& id, const std::string& name)
    {
        const bool isOwn = name == id;
        if (isOwn && m_names.erase(id) == 0)
            return;
        if (!isOwn)
            m_names[id] = name;
        writeTextFile(m_path, m_names.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    }

private:
    fs::path m_path;
    nlohmann::json m_names;
};

std::string idOf(const fs::path& path)
{
    return isPeft(path) ? path.filename().string() : path.stem().string();
}

AdapterEntry importedEntry(const fs::path& path, const Names& names)
{
    AdapterEntry entry;
    entry.id = idOf(path);
    entry.name = names.of(entry.id);
    entry.file = path;
    entry.bytes = bytesOf(path);
    entry.isImported = true;
    try {
        if (isPeft(path))
            entry.model = baseOf(path);
    } catch (const Error&) { // damaged since: it is told when it is used
    }
    return entry;
}

void checkAdapter(const fs::path& path)
{
    if (isPeft(path)) {
        baseOf(path);
        formats::SafetensorsFile::open(path / kTensors);
        return;
    }
    const formats::GgufFile file = formats::GgufFile::open(path);
    if (file.metadata().string("general.type") != "adapter")
        throw BadFile(path.string(), "is no LoRA adapter: general.type and adapter.type say otherwise");
}

} // namespace

std::vector<AdapterEntry> listAdapters(Engine& engine)
{
    std::vector<AdapterEntry> entries;
    for (const RunEntry& run : listRuns(engine)) {
        if (!run.adapter.empty())
            entries.push_back({run.id, run.adapter, bytesOf(run.adapter), run.name, run.model, false});
    }
    std::error_code failed;
    const Names names(engine);
    for (fs::directory_iterator it(importsFolder(engine), failed), end; !failed && it != end; it.increment(failed)) {
        if (it->path().filename().string().starts_with('.'))
            continue;
        if (it->path().extension() == ".gguf" || isPeft(it->path()))
            entries.push_back(importedEntry(it->path(), names));
    }
    std::ranges::sort(entries, {}, &AdapterEntry::id);
    return entries;
}

AdapterEntry importAdapter(Engine& engine, const fs::path& path)
{
    checkAdapter(path);
    makeFolder(importsFolder(engine));
    const fs::path named = fs::absolute(path).lexically_normal();
    std::string stem =
        isPeft(path) ? (named.has_filename() ? named : named.parent_path()).filename().string() : named.stem().string();
    const auto isTaken = [entries = listAdapters(engine)](const std::string& id) {
        return std::ranges::find(entries, id, &AdapterEntry::id) != entries.end();
    };
    std::string id = stem;
    for (int i = 2; isTaken(id); ++i)
        id = stem + "-" + std::to_string(i);
    Names names(engine);
    names.set(id, id); // an earlier one of that id may have had another
    if (!isPeft(path)) {
        const fs::path to = importsFolder(engine) / (id + ".gguf");
        copyFile(path, to);
        return importedEntry(to, names);
    }
    const fs::path to = importsFolder(engine) / id;
    makeFolder(to);
    copyFile(path / kTensors, to / kTensors);
    copyFile(path / kConfig, to / kConfig);
    return importedEntry(to, names);
}

void renameAdapter(Engine& engine, const AdapterEntry& entry, const std::string& name)
{
    if (!entry.isImported)
        throw std::invalid_argument("renameAdapter: " + entry.id + " is a run's");
    Names(engine).set(entry.id, name.empty() ? entry.id : name);
}

void removeAdapter(Engine& engine, const AdapterEntry& entry)
{
    if (!entry.isImported)
        throw std::invalid_argument("removeAdapter: " + entry.id + " is a run's");
    engine.state().adapterTrash->put(entry.file.filename().string());
}

std::string restoreAdapter(Engine& engine, const AdapterEntry& entry)
{
    const std::string now = idOf(importsFolder(engine) / engine.state().adapterTrash->restore(entry.file.filename().string()));
    Names(engine).set(now, entry.name);
    return now;
}

fs::path exportAdapter(Engine& engine, const AdapterEntry& entry, const fs::path& folder, AdapterFormat format,
                       const std::string& model)
{
    makeFolder(folder);
    const bool isToPeft = format == AdapterFormat::peft;
    const fs::path to = isToPeft ? folder / entry.id : folder / (entry.id + ".gguf");
    if (isPeft(entry.file) == isToPeft) {
        if (!isToPeft) {
            copyFile(entry.file, to);
            return to;
        }
        makeFolder(to);
        copyFile(entry.file / kTensors, to / kTensors);
        copyFile(entry.file / kConfig, to / kConfig);
        return to;
    }
    const std::string& base = model.empty() ? entry.model : model;
    if (base.empty())
        throw Unsupported("exporting the adapter " + entry.id + " in another format",
                          "it does not say which model it is for");
    const auto loaded = models::loadModel(formats::openModelFile(engine.library().resolve(base), {}));
    if (isToPeft)
        models::writePeftAdapter(to, *loaded, models::readGgufAdapter(entry.file, *loaded), base);
    else
        models::writeGgufAdapter(to, *loaded, models::readPeftAdapter(entry.file, *loaded));
    return to;
}

fs::path resolveAdapter(Engine& engine, const std::string& text)
{
    std::error_code ignored;
    if (text.empty())
        return {};
    if (fs::exists(text, ignored))
        return text;
    for (const AdapterEntry& entry : listAdapters(engine)) {
        if (entry.id == text)
            return entry.file;
    }
    return {};
}

} // namespace sy::api
