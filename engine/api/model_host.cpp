// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/draft.h"
#include "engine/api/engine_state.h"
#include "engine/api/loaded_model.h"
#include "engine/api/model_text.h"
#include "engine/api/models.h"
#include "engine/core/error.h"
#include "engine/formats/model_file.h"
#include "engine/models/model_table.h"

#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

namespace sy::api {

namespace fs = std::filesystem;

struct ModelHost::State {
    /// File, context length as asked for, exactness, type of keys and values, share of the experts, quantization, the
    /// draft's file.
    using Key = std::tuple<std::string, int64_t, bool, KvType, double, std::string, std::string>;

    Engine& engine;
    std::mutex loading; // one model is opened at a time, so that a second request for the same file finds the first one's
    std::mutex mutex;   // guards the map alone, so that loaded() never waits for a disk
    std::map<Key, std::weak_ptr<LoadedModel>> models;

    explicit State(Engine& engine_) : engine(engine_) {}

    std::shared_ptr<LoadedModel> find(const Key& key)
    {
        const std::lock_guard lock(mutex);
        std::erase_if(models, [](const auto& entry) { return entry.second.expired(); });
        const auto found = models.find(key);
        return found == models.end() ? nullptr : found->second.lock();
    }
};

namespace {

std::string fileName(const fs::path& path)
{
    std::error_code error;
    const fs::path whole = fs::canonical(path, error);
    if (error)
        throw StorageFailure(path.string(), "opening the model", error.message());
    return whole.string();
}

ModelHost::State::Key keyOf(const fs::path& path, const LoadOptions& options)
{
    return {fileName(path), options.contextLength, options.isExact, options.kvType, options.expertMass, options.quantization,
            options.draft.empty() ? std::string() : fileName(options.draft)};
}

MemoryEstimate estimateAlone(const fs::path& path, const LoadOptions& options, uint64_t availableBytes)
{
    const auto file = formats::openModelFile(path, openOptions(options));
    return estimateMemory(*models::loadModel({file, &file->outline()}), options, availableBytes);
}

/// The draft of a model that goes with it.
LoadedModel* draftAlone(LoadedModel* model)
{
    return model && model->state().draftModel.use_count() == 1 ? model->state().draftModel.get() : nullptr;
}

/// A model of which only the shape and the tokenizer are there.
struct Outline {
    explicit Outline(const fs::path& path) : file(formats::openModelFile(path)), model(models::loadModel({file, &file->outline()}))
    {
        if (auto vocabulary = readModelText(*file).vocabulary)
            tokenizer.emplace(std::move(*vocabulary));
    }

    DraftSide side() const { return {file->paths().front().filename().string(), *model, tokenizer ? &*tokenizer : nullptr}; }

    std::shared_ptr<const formats::ModelFile> file;
    std::unique_ptr<models::Model> model;
    std::optional<tokenizer::Tokenizer> tokenizer;
};

std::string problemWith(const fs::path& draft, const Outline& model)
{
    try {
        const Outline small(draft);
        if (small.file->fileBytes() >= model.file->fileBytes())
            return "it is not smaller than the model";
        return draftProblem(model.side(), small.side());
    } catch (const BadFile& error) {
        return error.problem;
    } catch (const Error& error) {
        return error.what();
    }
}

} // namespace

std::shared_ptr<Processor> processorOf(ModelHost& host)
{
    return host.state().engine.state().processor;
}

ModelHost::ModelHost(Engine& engine) : m_state(std::make_unique<State>(engine))
{
}

ModelHost::~ModelHost() = default;

MemoryState ModelHost::memory(LoadedModel* replaced) const
{
    const LoadedModel* draft = draftAlone(replaced); // before all are held here
    std::vector<ModelMemory> staying, leaving;
    std::map<std::shared_ptr<ModelWeights>, long> holders; // those of each that leave
    for (const std::shared_ptr<LoadedModel>& model : loaded()) {
        const bool leaves = model.get() == replaced || model.get() == draft;
        (leaves ? leaving : staying).push_back(model->state().cacheMemory());
        holders[model->state().weights] += leaves;
    }
    for (const auto& [weights, nLeaving] : holders) // once, and they leave with the last holder: this map is one
        (weights.use_count() == nLeaving + 1 ? leaving : staying).push_back(weights->memory());
    return forNextModel(memoryState(), staying, leaving);
}

MemoryEstimate ModelHost::estimate(const fs::path& path, const LoadOptions& options, LoadedModel* replaced) const
{
    const uint64_t availableBytes = memory(replaced).availableBytes;
    MemoryEstimate estimate = estimateAlone(path, options, availableBytes);
    if (!options.draft.empty()) {
        const LoadOptions draftLoad = draftOptions(options);
        const LoadedModel* leaving = draftAlone(replaced);
        const auto there = m_state->find(keyOf(options.draft, draftLoad));
        const MemoryEstimate small = estimateAlone(options.draft, draftLoad, availableBytes);
        // One that is there and stays only needs a cache for its guesses.
        estimate.draftBytes = there && there.get() != leaving ? small.kvBytes : small.totalBytes();
    }
    return estimate;
}

std::shared_ptr<LoadedModel> ModelHost::load(const fs::path& path, const LoadOptions& options, std::stop_token stop)
{
    const State::Key key = keyOf(path, options);
    if (auto model = m_state->find(key))
        return model;
    std::shared_ptr<LoadedModel> draft;
    LoadOptions ownOptions = options;
    if (!options.draft.empty()) {
        if (const MemoryEstimate both = estimate(path, options); !both.fits() && !options.evenIfTooLarge)
            throw OutOfMemory("cpu", both.totalBytes(), both.availableBytes);
        ownOptions.evenIfTooLarge = true; // both together fit
        draft = load(options.draft, draftOptions(options), stop);
    }
    const std::lock_guard turn(m_state->loading);
    if (auto model = m_state->find(key))
        return model;
    Engine& engine = m_state->engine;
    auto model = openModel(engine.state().processor, path, ownOptions, engine.library().prefixes(path), std::move(stop),
                           memory().availableBytes, std::move(draft));
    const std::lock_guard lock(m_state->mutex);
    m_state->models[key] = model;
    return model;
}

std::vector<std::string> ModelHost::draftProblems(const fs::path& path, std::span<const fs::path> drafts) const
{
    const Outline model(path);
    std::vector<std::string> problems;
    for (const fs::path& draft : drafts)
        problems.push_back(problemWith(draft, model));
    return problems;
}

std::vector<std::shared_ptr<LoadedModel>> ModelHost::loaded() const
{
    const std::lock_guard lock(m_state->mutex);
    std::vector<std::shared_ptr<LoadedModel>> all;
    for (const auto& [key, weak] : m_state->models) {
        if (auto model = weak.lock())
            all.push_back(std::move(model));
    }
    return all;
}

} // namespace sy::api
