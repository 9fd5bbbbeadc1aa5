// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/loaded_model.h"

#include "engine/api/draft.h"
#include "engine/api/kv_type.h"
#include "engine/api/model_facts.h"
#include "engine/api/model_text.h"
#include "engine/core/error.h"
#include "engine/formats/model_file.h"
#include "engine/models/model_table.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace sy::api {

namespace {

// Weights of a gigabyte are packed in a quarter of a second where memory is at hand, and the first answer is faster for
// having waited. Otherwise they are packed meanwhile.
constexpr std::chrono::milliseconds kPackingLook(100), kPackingPatience(200);
constexpr float kWorthWaiting = 0.3f; // of the weights, after the look

int64_t contextLengthOf(const models::Model& model, const LoadOptions& options)
{
    if (options.contextLength < 0)
        throw std::invalid_argument("the context length is negative");
    return contextLengthFor(model.config().contextLength, options.contextLength);
}

/// Room for a full context; and as much again for answers beside it and for prefixes worth keeping, when it is a small part of
/// what is free. Pages are taken from the system as they are used.
uint64_t poolBytes(uint64_t contextBytes, uint64_t availableBytes)
{
    return contextBytes <= availableBytes / 16 ? 2 * contextBytes : contextBytes;
}

} // namespace

MemoryEstimate estimateMemory(const models::Model& model, const LoadOptions& options, uint64_t availableBytes)
{
    MemoryEstimate estimate;
    estimate.weightsBytes = model.weightBytes;
    estimate.kvBytes = kvBytes(model, contextLengthOf(model, options), options);
    estimate.computeBytes = computeBytes(model);
    estimate.availableBytes = availableBytes;
    return estimate;
}

formats::OpenOptions openOptions(const LoadOptions& options)
{
    formats::OpenOptions open;
    open.isExact = options.isExact;
    open.quantization = options.quantization;
    return open;
}

std::shared_ptr<LoadedModel> openModel(std::shared_ptr<Processor> processor, const std::filesystem::path& path,
                                       const LoadOptions& options, ModelLibrary::Prefixes prefixes, std::stop_token stop,
                                       uint64_t availableBytes, std::shared_ptr<LoadedModel> draftModel)
{
    const auto checkStop = [&] {
        if (stop.stop_requested())
            throw Cancelled();
    };
    if (!(options.expertMass > 0 && options.expertMass <= 1))
        throw std::invalid_argument("the experts' share of a token's routing is above 0 and at most 1");
    formats::OpenOptions openWith = openOptions(options);
    openWith.nThreads = processor->pool.nThreads();
    openWith.stop = stop;
    const auto file = formats::openModelFile(path, openWith);
    checkStop();
    auto state = std::make_unique<LoadedModel::State>();
    state->processor = std::move(processor);
    state->path = path;
    state->options = options;
    state->prefixes = std::move(prefixes);
    WeightStore& store = state->processor->weights;
    const WeightStore::Key key = WeightStore::keyOf(path, options.isExact, options.quantization);
    state->weights = store.find(key);
    const bool isShared = state->weights != nullptr;
    if (isShared)
        state->weights->wait(stop);
    else // a folder's tensors may have to be made: not before it is known that they fit
        state->weights = std::make_shared<ModelWeights>(state->processor, file, models::loadModel({file, &file->outline()}));
    MemoryEstimate estimate = estimateMemory(state->weights->model(), options, availableBytes);
    if (isShared)
        estimate.weightsBytes = 0; // that are not there yet
    if (!estimate.fits() && !options.evenIfTooLarge)
        throw OutOfMemory("cpu", estimate.totalBytes(), estimate.availableBytes);
    if (!isShared) {
        if (&file->outline() != file.get())
            state->weights = std::make_shared<ModelWeights>(state->processor, file, models::loadModel(file));
        state->weights = store.add(key, std::move(state->weights));
        state->weights->wait(stop); // who came first may have begun
    }
    state->model = &state->weights->model();
    checkStop();

    file->prefetch(); // the system reads ahead while the tokenizer is built
    ModelText text = readModelText(*file);
    if (text.vocabulary)
        state->tokenizer.emplace(std::move(*text.vocabulary));
    const int64_t nShared = draftModel ? requireDraft(*state, *draftModel) : 0;
    state->options.contextLength = contextLengthOf(*state->model, options);
    state->facts = describeModel(*file, *state->model, state->tokenizer ? &*state->tokenizer : nullptr);
    checkStop();

    const ops::OpContext context = state->context();
    if (state->model->config().isEmbedding) {
        state->embeddings = std::make_unique<generate::EmbeddingQueue>(*state->model, context, state->processor->stepLock);
    } else {
        if (state->tokenizer) {
            state->chatFormat.emplace(templateOf(std::move(text.chatTemplate), *state->tokenizer), path.string(), *state->tokenizer);
            if (!state->chatFormat->problem().empty())
                state->facts.warnings.push_back("It cannot chat: " + state->chatFormat->problem() + ".");
        }
        state->pool = std::make_unique<nn::KvPool>(kvLayout(*state->model, options.kvType, options.isExact), poolBytes(estimate.kvBytes, estimate.availableBytes));
        generate::SchedulerOptions scheduling;
        scheduling.expertMass = float(options.expertMass);
        state->draftModel = std::move(draftModel);
        if (state->draftModel)
            state->draft = makeDraft(*state, *state->draftModel, nShared);
        state->scheduler =
            std::make_unique<generate::Scheduler>(*state->model, *state->pool, context, state->processor->stepLock,
                                                  state->options.contextLength, scheduling, state->draft.get());
    }
    if (!options.isExact)
        state->weights->startPacking();
    if (!state->weights->waitFor(kPackingLook) && state->weights->packedShare() > kWorthWaiting)
        state->weights->waitFor(kPackingPatience);
    if (state->scheduler && !state->weights->isSettled())
        state->forgettingCosts = std::jthread([&state = *state](const std::stop_token& unloading) {
            try {
                state.weights->wait(unloading);
                state.scheduler->forgetCosts();
            } catch (const Cancelled&) {
            }
        });
    return std::make_shared<LoadedModel>(std::move(state));
}

LoadedModel::LoadedModel(std::unique_ptr<State> state) : m_state(std::move(state))
{
}

LoadedModel::~LoadedModel() = default;

const std::filesystem::path& LoadedModel::path() const
{
    return m_state->path;
}

const ModelFacts& LoadedModel::facts() const
{
    return m_state->facts;
}

int64_t LoadedModel::contextLength() const
{
    return m_state->options.contextLength;
}

bool LoadedModel::isEmbedding() const
{
    return m_state->model->config().isEmbedding;
}

uint64_t LoadedModel::kvUsedBytes() const
{
    return m_state->pool ? m_state->pool->usedBytes() : 0;
}

std::vector<int32_t> LoadedModel::tokenize(const std::string& text, const TokenizeOptions& options) const
{
    return m_state->requireTokenizer().encode(text, {options.special, options.special});
}

std::string LoadedModel::tokenText(int32_t id) const
{
    return std::string(m_state->requireTokenizer().tokenBytes(id));
}

std::string LoadedModel::detokenize(std::span<const int32_t> ids) const
{
    return m_state->requireTokenizer().decode(ids);
}

const tokenizer::Tokenizer& LoadedModel::State::requireTokenizer() const
{
    if (!tokenizer)
        throw Unsupported("text with " + path.filename().string(), "the model has no tokenizer; it takes token ids only");
    return *tokenizer;
}

ModelMemory LoadedModel::State::memory() const
{
    const ModelMemory caches = cacheMemory(), all = weights->memory();
    return {caches.ownBytes + all.ownBytes, caches.awaitedBytes + all.awaitedBytes};
}

ModelMemory LoadedModel::State::cacheMemory() const
{
    ModelMemory memory;
    const auto add = [&](const nn::KvPool& cache) {
        const size_t taken = cache.usedBytes() + cache.cachedBytes();
        memory.ownBytes += taken;
        memory.awaitedBytes += cache.budgetBytes() - std::min(cache.budgetBytes(), taken);
    };
    if (pool)
        add(*pool);
    if (draft)
        add(draft->pool());
    return memory;
}

generate::AdapterChoice LoadedModel::State::adapterFor(const AdapterSetting& setting)
{
    return adapters.find(setting, *model, context(), processor->stepLock);
}

generate::Scheduler& LoadedModel::State::chat() const
{
    if (!scheduler)
        throw std::invalid_argument(facts.name + " is an embedding model: it makes vectors, not text");
    return *scheduler;
}

} // namespace sy::api
