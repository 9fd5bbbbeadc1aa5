// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/training_material.h"

#include "engine/api/library.h"
#include "engine/api/loaded_model.h"
#include "engine/api/model_text.h"
#include "engine/core/error.h"
#include "engine/models/model_table.h"

#include <algorithm>

namespace sy::api {

TrainingMaterial::TrainingMaterial(Engine& engine, const train::RunConfig& config, const std::string& source,
                                   std::stop_token stop)
    : m_processor(engine.state().processor), m_context{m_processor->pool}
{
    if (config.model.empty())
        throw BadFile(source, "model is missing");
    if (config.data.empty())
        throw BadFile(source, "data is missing");
    m_path = engine.library().resolve(config.model);
    formats::OpenOptions open;
    open.nThreads = m_processor->pool.nThreads();
    open.stop = stop;
    m_file = formats::openModelFile(m_path, open);
    m_model = models::loadModel(m_file);
    ModelText text = readModelText(*m_file);
    if (text.vocabulary)
        m_tokenizer.emplace(std::move(*text.vocabulary));
    if (!text.chatTemplate.empty())
        m_template.emplace(tokenizer::ChatTemplate::parse(text.chatTemplate, m_path.string()));
    train::DatasetOptions options;
    options.nVocabulary = m_model->config().nVocabulary;
    options.contextLength = std::min(config.batch.contextLength, m_model->config().contextLength);
    options.heldOutFraction = config.evaluation.fraction;
    options.heldOutPath = config.evaluation.path;
    m_data = train::readDataset(config.data, {tokenizer(), m_template ? &*m_template : nullptr}, options, stop);
}

void TrainingMaterial::pack()
{
    m_model->packWeights(m_context, [&](const Tensor& original) { m_file->notNeeded(original); });
}

train::Trainer TrainingMaterial::trainer(const train::RunConfig& config, const std::filesystem::path& folder) const
{
    return {m_context, *m_model, m_data, config, folder / "checkpoints", fingerprintOf(m_path)};
}

} // namespace sy::api
