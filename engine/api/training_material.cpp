// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/training_material.h"

#include "engine/api/adapters.h"
#include "engine/api/library.h"
#include "engine/api/loaded_model.h"
#include "engine/api/model_text.h"
#include "engine/api/model_writing.h"
#include "engine/core/error.h"
#include "engine/models/adapter_binding.h"
#include "engine/models/gguf_adapter.h"
#include "engine/models/model_table.h"
#include "engine/models/peft_adapter.h"
#include "engine/tokenizer/chat_prompt.h"
#include "engine/train/greedy_answer.h"
#include "engine/train/whole_model.h"

#include <algorithm>
#include <chrono>

namespace sy::api {

bool startsFromAdapter(const train::RunConfig& config)
{
    return !config.adapter.initial.empty() && !config.isWhole();
}

TrainingMaterial::TrainingMaterial(Engine& engine, const train::RunConfig& config, const std::string& source,
                                   std::stop_token stop, const ReadProgress& onRead)
    : m_processor(engine.state().processor), m_context{m_processor->pool}
{
    if (config.model.empty())
        throw BadFile(source, "model is missing");
    if (config.data.empty())
        throw BadFile(source, "data is missing");
    open(engine, config, stop);
    train::DatasetOptions options;
    options.nVocabulary = m_model->config().nVocabulary;
    options.contextLength = std::min(config.batch.contextLength, m_model->config().contextLength);
    options.heldOutFraction = config.evaluation.fraction;
    options.heldOutPath = config.evaluation.path;
    options.objective = config.objective;
    options.spoolFolder = engine.dataDir();
    options.nThreads = m_processor->pool.nThreads();
    options.onRead = onRead;
    m_data = train::readDataset(config.data, {tokenizer(), m_template ? &*m_template : nullptr}, options, stop);
}

TrainingMaterial::TrainingMaterial(Engine& engine, const train::RunConfig& config, const train::TrainingText& text,
                                   std::stop_token stop)
    : m_processor(engine.state().processor), m_context{m_processor->pool}
{
    open(engine, config, stop);
    m_data.texts.add(text);
}

void TrainingMaterial::open(Engine& engine, const train::RunConfig& config, const std::stop_token& stop)
{
    m_path = engine.library().resolve(config.model);
    formats::OpenOptions options;
    options.nThreads = m_processor->pool.nThreads();
    options.stop = stop;
    m_file = formats::openModelFile(m_path, options);
    if (config.isWhole())
        m_floats = std::make_shared<formats::FloatTensors>(m_file);
    if (config.isWhole() || config.isExact)
        m_context.activations = ops::Activations::f32;
    if (!config.isWhole())
        m_weights = m_processor->weights.find(WeightStore::keyOf(m_path));
    if (m_weights)
        m_weights->wait(stop);
    else
        m_ownModel = config.isWhole() ? models::loadModel(m_floats) : models::loadModel(m_file);
    m_model = m_weights ? &m_weights->model() : m_ownModel.get();
    ModelText text = readModelText(*m_file);
    if (text.vocabulary)
        m_tokenizer.emplace(std::move(*text.vocabulary));
    if (!text.chatTemplate.empty())
        m_template.emplace(tokenizer::ChatTemplate::parse(text.chatTemplate, m_path.string()));
}

void TrainingMaterial::chooseExperts(Engine& engine, const train::RunConfig& config, const std::stop_token& stop)
{
    using Experts = train::RunConfig::Adapter::Experts;
    if (config.adapter.experts == Experts::all)
        return;
    if (m_model->config().nExperts == 0)
        throw Unsupported("choosing experts", "the model \"" + m_model->config().architecture + "\" has none");
    const std::string key = fingerprintOf(m_path) + " " + m_data.sha256 + " " + std::to_string(config.adapter.expertTokens) +
                            (config.isExact ? " exact" : "");
    KnownScores& known = engine.state().expertScores;
    std::unique_lock lock(known.mutex, std::defer_lock);
    while (!lock.try_lock_for(std::chrono::milliseconds(50))) { // a plan and a run may ask at once
        if (stop.stop_requested())
            throw Cancelled();
    }
    if (known.key != key) {
        known.key.clear();
        known.scores = train::scoreExperts(m_context, *m_model, m_data.texts, config.adapter.expertTokens, stepLock(), stop);
        known.key = key;
    }
    m_experts = train::fewestExperts(config.adapter.experts == Experts::token ? known.scores.token : known.scores.gate,
                                     config.adapter.shareOfExperts());
}

void TrainingMaterial::readWeights(train::Trainer& trainer, const train::RunConfig& config, const std::stop_token& stop)
{
    if (!m_floats)
        return;
    m_floats->read(stop);
    if (config.adapter.initial == train::kRandom)
        train::drawWeights(trainer.trained(), config.seed, m_model->config().nLayers);
}

void TrainingMaterial::pack(const std::stop_token& stop)
{
    if (m_floats)
        return;
    if (!m_weights)
        m_weights = m_processor->weights.add(WeightStore::keyOf(m_path),
                                             std::make_shared<ModelWeights>(m_processor, m_file, std::move(m_ownModel)));
    m_weights->startPacking();
    m_weights->wait(stop);
    m_model = &m_weights->model();
}

train::Trainer TrainingMaterial::trainer(const train::RunConfig& config, const std::filesystem::path& folder,
                                         const nn::Adapter* initial) const
{
    train::TrainedSet set;
    if (m_floats)
        set = train::wholeModel(*m_model, *m_floats);
    else
        set = train::firstUpdates(m_context, *m_model, config, initial, m_experts ? &*m_experts : nullptr);
    return {m_context, *m_model, m_data, config, folder / "checkpoints", fingerprintOf(m_path), std::move(set)};
}

void TrainingMaterial::writeModel(const std::filesystem::path& path, const std::string& run) const
{
    formats::writeModel(path, *m_floats, [&](formats::Metadata& keys) {
        writeModelKeys(*m_file, keys);
        addToName(keys, run);
    });
}

uint64_t TrainingMaterial::fileBytes() const
{
    uint64_t bytes = 0;
    for (const formats::TensorInfo& info : m_file->tensors())
        bytes += info.bytes;
    return bytes;
}

nn::Adapter TrainingMaterial::readAdapter(const std::filesystem::path& path) const
{
    nn::Adapter adapter = std::filesystem::is_directory(path) ? models::readPeftAdapter(path, *m_model)
                                                              : models::readGgufAdapter(path, *m_model);
    models::bindAdapter(m_context, *m_model, adapter, path.string());
    return adapter;
}

std::optional<nn::Adapter> TrainingMaterial::readInitial(Engine& engine, const train::RunConfig& config,
                                                         const std::string& source) const
{
    if (!startsFromAdapter(config))
        return {};
    const std::filesystem::path path = resolveAdapter(engine, config.adapter.initial);
    if (path.empty())
        throw BadFile(source, "adapter.initial is \"" + config.adapter.initial + "\", and there is no such adapter");
    return readAdapter(path);
}

std::string TrainingMaterial::answer(const nn::Adapter& adapter, const std::string& prompt, int64_t mostTokens,
                                     std::stop_token stop)
{
    if (!m_tokenizer)
        throw Unsupported("answering a prompt", "the model has no tokenizer");
    std::vector<int32_t> ids;
    if (m_template) {
        const nlohmann::ordered_json messages = {{{"role", "user"}, {"content", prompt}}};
        ids = tokenizer::encodeChat(*m_tokenizer, *m_template, messages).ids;
    } else {
        m_tokenizer->encode(prompt, {}, ids);
    }
    if (ids.empty())
        throw Unsupported("answering an empty prompt", "there is nothing to go on from");
    return train::greedyAnswer(m_context, *m_model, adapter, *m_tokenizer, ids, mostTokens, m_processor->stepLock,
                               std::move(stop));
}

} // namespace sy::api
