// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api.
#pragma once

#include "engine/api/engine_state.h"
#include "engine/api/fine_tune.h"
#include "engine/formats/float_tensors.h"
#include "engine/formats/model_file.h"
#include "engine/models/model.h"
#include "engine/tokenizer/chat_template.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/train/trainer.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::api {

/// Whether RunConfig::Adapter::initial names an adapter.
bool startsFromAdapter(const train::RunConfig& config);

/// A model to be trained on and the data as its tokens.
class TrainingMaterial {
public:
    /// Throws as fineTune(): BadFile with `source` for settings that are missing.
    TrainingMaterial(Engine& engine, const train::RunConfig& config, const std::string& source, std::stop_token stop,
                     const ReadProgress& onRead = {});
    /// With one text that is tokens already, in place of the configuration's data.
    TrainingMaterial(Engine& engine, const train::RunConfig& config, const train::TrainingText& text, std::stop_token stop);

    /// Of a configuration that trains only the experts which the data uses most: finds them. What they are used for is kept
    /// by the engine, so that the same data asked about again costs nothing. Throws as train::scoreExperts().
    void chooseExperts(Engine& engine, const train::RunConfig& config, const std::stop_token& stop);
    void setExperts(train::ExpertChoice experts) { m_experts = std::move(experts); }
    const std::optional<train::ExpertChoice>& experts() const { return m_experts; }

    /// Of a run that trains the model itself: reads its weights, or draws them, which were only counted so far. Before it
    /// neither `trainer` nor the model may compute. Throws Cancelled.
    void readWeights(train::Trainer& trainer, const train::RunConfig& config, const std::stop_token& stop);

    /// Takes the memory of the weights in the form that products read fastest, unless they are trained: those that chats
    /// have too, where there are any. Before trainer() of who really trains. Throws OutOfMemory, Cancelled.
    void pack(const std::stop_token& stop);

    /// The weights are somebody else's too, or were packed: this process has them.
    bool hasWeights() const { return m_weights != nullptr; }

    /// Checkpoints go to folder/checkpoints. Borrows this. initial: an adapter to go on from, or none.
    train::Trainer trainer(const train::RunConfig& config, const std::filesystem::path& folder,
                           const nn::Adapter* initial) const;

    /// Writes the model as it is now, of a run that trains it whole: a GGUF file with the types of the original, and with
    /// the run's name behind the original's. Throws StorageFailure.
    void writeModel(const std::filesystem::path& path, const std::string& run) const;

    /// An adapter of this model, from a file or folder. Throws as models::readGgufAdapter() and readPeftAdapter() do.
    nn::Adapter readAdapter(const std::filesystem::path& path) const;

    /// The adapter of RunConfig::Adapter::initial, a path or the id of a run's; empty for a run that begins with a new one. Throws
    /// as readAdapter(), and BadFile with `source` when there is no such adapter.
    std::optional<nn::Adapter> readInitial(Engine& engine, const train::RunConfig& config, const std::string& source) const;

    /// What the model answers to a prompt with the adapter: see train::greedyAnswer().
    std::string answer(const nn::Adapter& adapter, const std::string& prompt, int64_t mostTokens, std::stop_token stop);

    const ops::OpContext& context() const { return m_context; }
    generate::StepLock& stepLock() const { return m_processor->stepLock; }
    const models::Model& model() const { return *m_model; }
    const train::Dataset& data() const { return m_data; }
    uint64_t fileBytes() const; // of the model's tensors as they are stored
    const tokenizer::Tokenizer* tokenizer() const { return m_tokenizer ? &*m_tokenizer : nullptr; }

private:
    void open(Engine& engine, const train::RunConfig& config, const std::stop_token& stop);
    std::shared_ptr<Processor> m_processor;
    ops::OpContext m_context;
    std::filesystem::path m_path;
    std::shared_ptr<const formats::ModelFile> m_file;
    std::shared_ptr<formats::FloatTensors> m_floats; // of a model that is trained whole
    std::shared_ptr<ModelWeights> m_weights;         // those that are shared; null: m_model's own
    std::unique_ptr<models::Model> m_ownModel;
    models::Model* m_model = nullptr;
    std::optional<tokenizer::Tokenizer> m_tokenizer;
    std::optional<tokenizer::ChatTemplate> m_template;
    train::Dataset m_data;
    std::optional<train::ExpertChoice> m_experts;
};

} // namespace sy::api
