// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/library.h"

#include "engine/api/catalogue.h"
#include "engine/api/engine.h"
#include "engine/api/engine_state.h"
#include "engine/api/model_facts.h"
#include "engine/api/model_fetch.h"
#include "engine/api/model_files.h"
#include "engine/api/model_import.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/formats/model_file.h"

#include <algorithm>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

ModelEntry entryOf(const store::ModelRow& row)
{
    ModelEntry entry;
    entry.id = row.id;
    entry.name = row.name;
    entry.path = row.path;
    entry.bytes = row.bytes;
    entry.sha256 = row.sha256;
    entry.kind = row.kind == "embedding" ? ModelKind::embedding : ModelKind::chat;
    entry.isReferenced = row.isReferenced;
    std::error_code ignored;
    entry.isMissing = !fs::exists(entry.path, ignored);
    entry.architecture = row.architecture;
    return entry;
}

std::string lowerCase(std::string text)
{
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return c < 0x80 ? char(std::tolower(c)) : char(c); });
    return text;
}

fs::path modelsDir(const Engine::State& state)
{
    return state.options.dataDir / "models";
}

std::vector<CatalogueModel> catalogueOf(const Engine::State& state)
{
    return state.options.resources.empty() ? std::vector<CatalogueModel>()
                                           : readCatalogue(state.options.resources / "models" / "catalogue.json");
}

} // namespace

ModelLibrary::ModelLibrary(Engine& engine) : m_engine(engine) {}

ModelLibrary::~ModelLibrary() = default;

std::vector<ModelEntry> ModelLibrary::list() const
{
    std::vector<ModelEntry> entries;
    for (const store::ModelRow& row : m_engine.state().modelStore.list())
        entries.push_back(entryOf(row));
    return entries;
}

std::vector<CatalogueEntry> ModelLibrary::catalogue() const
{
    std::vector<CatalogueEntry> entries;
    for (const CatalogueModel& model : catalogueOf(m_engine.state())) {
        const auto row = m_engine.state().modelStore.find(model.id);
        entries.push_back({model.id, model.name, model.license, model.architecture, model.description, model.kind, model.bytes,
                           model.downloadBytes(), model.sha256, row && !entryOf(*row).isMissing});
    }
    return entries;
}

std::optional<ModelEntry> ModelLibrary::find(const std::string& idOrNameOrPath) const
{
    if (const auto row = m_engine.state().modelStore.find(idOrNameOrPath))
        return entryOf(*row);
    std::error_code error;
    const fs::path path = fs::weakly_canonical(idOrNameOrPath, error);
    const std::string wanted = lowerCase(idOrNameOrPath);
    for (const ModelEntry& entry : list()) {
        if ((!error && entry.path == path) || lowerCase(entry.name) == wanted || lowerCase(entry.id) == wanted)
            return entry;
    }
    return std::nullopt;
}

fs::path ModelLibrary::resolve(const std::string& pathOrIdOrName) const
{
    std::error_code error;
    if (fs::exists(pathOrIdOrName, error))
        return fs::canonical(pathOrIdOrName, error);
    const auto entry = find(pathOrIdOrName);
    if (entry && !entry->isMissing)
        return entry->path;
    if (entry)
        throw StorageFailure(entry->path.string(), "opening the model " + entry->id, "its file is gone; import it again or remove it");
    std::string known;
    for (const ModelEntry& row : list())
        known += (known.empty() ? "" : ", ") + row.id;
    throw StorageFailure(pathOrIdOrName, "looking for the model",
                         "there is no such file and no model of this id or name (" +
                             (known.empty() ? "no model has been imported or fetched yet" : "there are: " + known) + ")");
}

std::optional<ModelEntry> ModelLibrary::defaultModel(ModelKind kind) const
{
    for (const ModelEntry& entry : list()) { // newest first
        if (entry.kind == kind && !entry.isMissing)
            return entry;
    }
    return std::nullopt;
}

ModelFacts ModelLibrary::facts(const fs::path& path, bool withTensors, int64_t contextLength) const
{
    return describeModel(*formats::openModelFile(path), withTensors, contextLength);
}

ModelEntry ModelLibrary::import(const fs::path& path, bool copy, std::stop_token stop,
                                const std::function<void(uint64_t, uint64_t)>& progress)
{
    return entryOf(importModel(m_engine.state().modelStore, path, copy ? modelsDir(m_engine.state()) : fs::path(), std::move(stop), progress));
}

ModelEntry ModelLibrary::addWritten(const fs::path& path)
{
    store::ModelStore& store = m_engine.state().modelStore;
    store::ModelRow row = importModel(store, path, {}, {}, {});
    const ModelFacts now = facts(row.path);
    row.name = now.name;
    row.bytes = now.fileBytes;
    row.architecture = now.architecture;
    row.sha256.clear(); // that of what was there before
    row.isReferenced = !isInModelsFolder(row.path);
    store.put(row);
    return entryOf(row);
}

bool ModelLibrary::isInModelsFolder(const fs::path& path) const
{
    std::error_code error;
    return fs::equivalent(path.parent_path(), modelsDir(m_engine.state()), error);
}

void ModelLibrary::remove(const std::string& id)
{
    store::ModelStore& store = m_engine.state().modelStore;
    const auto row = store.find(id);
    if (!row)
        throw std::invalid_argument("there is no model " + id);
    store.remove(id);
    if (!row->isReferenced)
        deleteOwnFiles(row->path, modelsDir(m_engine.state()));
}

bool ModelLibrary::verify(const std::string& id, std::stop_token stop, const std::function<void(uint64_t, uint64_t)>& progress)
{
    const auto row = m_engine.state().modelStore.find(id);
    if (!row)
        throw std::invalid_argument("there is no model " + id);
    const std::string hash = contentHash(row->path, std::move(stop), [&](uint64_t done) {
        if (progress)
            progress(done, row->bytes);
    });
    if (row->sha256.empty())
        m_engine.state().modelStore.setSha256(id, hash);
    return row->sha256.empty() || row->sha256 == hash;
}

ModelEntry ModelLibrary::fetch(const std::string& id, std::stop_token stop, const std::function<void(const FetchProgress&)>& progress)
{
    store::ModelStore& store = m_engine.state().modelStore;
    const std::vector<CatalogueModel> models = catalogueOf(m_engine.state());
    const auto model = std::ranges::find(models, id, &CatalogueModel::id);
    if (model == models.end()) {
        std::string known;
        for (const CatalogueModel& row : models)
            known += (known.empty() ? "" : ", ") + row.id;
        throw std::invalid_argument("there is no model \"" + id + "\" in the catalogue (" + (known.empty() ? "it is empty" : known) + ")");
    }
    std::error_code error;
    const auto row = store.find(id);
    if (row && fs::file_size(row->path, error) == row->bytes && !error)
        return entryOf(*row);

    const fs::path file = fs::canonical(modelsDir(m_engine.state())) / model->file;
    const auto hashOf = [&](const char* step) {
        const uint64_t bytes = fs::file_size(file);
        return sha256HexOfFile(file, stop, [&](uint64_t done) {
            if (progress)
                progress({step, done, bytes});
        });
    };
    // A whole file without its row: the database was lost, or the file was put there by hand.
    const bool isThere = model->conversion == Conversion::none && fs::file_size(file, error) == model->bytes && !error &&
                         hashOf("verifying") == model->sha256;
    if (!isThere)
        fetchModel(*model, file.parent_path(), stop, progress);

    if (const auto other = store.findByPath(file.string()); other && other->id != id)
        store.remove(other->id);
    store.put({id, model->name, file.string(), fs::file_size(file),
               model->conversion == Conversion::none ? model->sha256 : hashOf("verifying"),
               model->kind == ModelKind::embedding ? "embedding" : "chat", model->architecture, false, 0});
    return entryOf(*store.find(id));
}

ModelLibrary::Prefixes ModelLibrary::prefixes(const fs::path& path) const
{
    const auto entry = find(path.string());
    const std::string id = entry ? entry->id : std::string();
    // A file that is not in the list is known by the name it gives itself.
    const auto models = catalogueOf(m_engine.state());
    const std::string name = std::ranges::any_of(models, [&](const auto& model) { return model.id == id; })
                                 ? id
                                 : std::string(formats::openModelFile(path)->metadata().string("general.name").value_or(""));
    const auto model = std::ranges::find(models, name, &CatalogueModel::id);
    return model == models.end() ? Prefixes() : model->prefixes;
}

} // namespace sy::api
