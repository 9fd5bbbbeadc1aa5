// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/model_facts.h"

#include "engine/api/engine.h"
#include "engine/api/kv_type.h"
#include "engine/api/model_text.h"
#include "engine/core/error.h"
#include "engine/formats/model_file.h"
#include "engine/formats/model_facts.h"
#include "engine/generate/embedding_queue.h"
#include "engine/generate/scheduler.h"
#include "engine/models/model_table.h"
#include "engine/quant/quant_table.h"
#include "engine/tokenizer/tokenizer.h"

#include <algorithm>
#include <memory>
#include <optional>

namespace sy::api {

namespace {

ModelFacts headerFacts(const formats::ModelFile& file)
{
    const formats::ModelFacts header = formats::modelFacts(file);
    ModelFacts facts;
    facts.architecture = header.architecture;
    facts.name = header.name;
    facts.license = header.license;
    facts.nParameters = header.parameters;
    facts.nActiveParameters = header.activeParameters;
    facts.fileBytes = header.fileBytes;
    for (const auto& [type, bytes] : header.quantization) {
        facts.quantization[type] = bytes;
        facts.memory.weightsBytes += bytes;
    }
    facts.contextLength = header.contextLength;
    facts.nLayers = int(header.nLayers);
    facts.nExperts = int(header.nExperts);
    facts.nExpertsUsed = int(header.nExpertsUsed);
    facts.nVocabulary = header.vocabulary;
    facts.isEmbedding = header.isEmbeddingModel;
    return facts;
}

void addModel(ModelFacts& facts, const models::Model& model, int64_t contextLength = 0)
{
    facts.isEmbedding = model.config().isEmbedding;
    facts.memory.weightsBytes = model.weightBytes;
    if (!facts.isEmbedding) {
        facts.memory.chatTokens = contextLengthFor(model.config().contextLength, contextLength);
        // Of a long context: what layers with a window hold does not grow with it.
        for (const KvType type : {KvType::f32, KvType::f16, KvType::q8_0}) {
            const nn::KvLayout layout = kvLayout(model, type, false);
            facts.memory.kvBytesPerTokenOf[toString(type)] = (layout.pageBytes() - layout.recentBytes()) / nn::KvLayout::kPageTokens;
            facts.memory.chatKvBytesOf[toString(type)] = layout.bytes(facts.memory.chatTokens, generate::SchedulerOptions().stepTokens);
        }
        facts.memory.kvBytesPerToken = facts.memory.kvBytesPerTokenOf[toString(KvType::f16)];
    }
    facts.memory.computeBytes = facts.isEmbedding ? computeBytes(model) : computeBytes(model, facts.memory.chatTokens);
}

/// The peak: all of the model beside what the process is now.
void addProcess(ModelFacts::Memory& memory)
{
    memory.processBytes = memoryState().processBytes;
    const uint64_t always = memory.weightsBytes + memory.computeBytes + memory.processBytes;
    for (const auto& [type, bytes] : memory.chatKvBytesOf)
        memory.chatPeakBytesOf[type] = always + bytes;
    if (memory.chatKvBytesOf.empty())
        memory.chatPeakBytesOf[""] = always;
}

void addTokenizer(ModelFacts& facts, const tokenizer::Tokenizer& tokenizer)
{
    facts.warnings.insert(facts.warnings.end(), tokenizer.warnings().begin(), tokenizer.warnings().end());
    if (facts.isEmbedding)
        return;
    for (const int32_t id : tokenizer.endOfGenerationIds())
        facts.endTokens.emplace_back(tokenizer.tokenBytes(id));
}

} // namespace

int64_t contextLengthFor(int64_t modelContextLength, int64_t asked)
{
    constexpr int64_t kEnoughForMost = 8192; // a model's own 128k would take gigabytes that few chats use
    return std::min(modelContextLength, asked > 0 ? asked : kEnoughForMost);
}

uint64_t kvBytes(const models::Model& model, int64_t nTokens, const LoadOptions& options)
{
    if (model.config().isEmbedding)
        return 0;
    return kvLayout(model, options.kvType, options.isExact).bytes(nTokens, generate::SchedulerOptions().stepTokens);
}

uint64_t computeBytes(const models::Model& model, int64_t nTokens)
{
    const generate::SchedulerOptions options;
    return model.config().isEmbedding
               ? model.computeBytes(std::min(nTokens, generate::EmbeddingQueue::Options().stepTokens), 0)
               : model.computeBytes(std::min(nTokens, options.stepTokens), options.nMostRunning);
}

ModelFacts describeModel(const formats::ModelFile& file, const models::Model& model, const tokenizer::Tokenizer* tokenizer)
{
    ModelFacts facts = headerFacts(file);
    addModel(facts, model);
    if (tokenizer)
        addTokenizer(facts, *tokenizer);
    return facts;
}

ModelFacts describeModel(const formats::ModelFile& file, bool withTensors, int64_t contextLength)
{
    ModelFacts facts = headerFacts(file);
    try {
        // The file outlives the model, which is only asked for its sizes.
        const auto source = std::shared_ptr<const formats::TensorSource>(std::shared_ptr<void>(), &file.outline());
        addModel(facts, *models::loadModel(source), contextLength);
        std::optional<tokenizer::Tokenizer> tokenizer;
        if (auto vocabulary = readModelText(file).vocabulary)
            addTokenizer(facts, tokenizer.emplace(std::move(*vocabulary)));
        else
            facts.warnings.emplace_back("It has no tokenizer and takes token ids only.");
        addProcess(facts.memory); // while the tokenizer is there
    } catch (const BadFile& error) { // the header can be read, what it describes is not there
        facts.isSupported = false;
        facts.isDamaged = true;
        facts.unsupportedReason = error.problem;
    } catch (const Error& error) {
        facts.isSupported = false;
        facts.unsupportedReason = error.what();
    }
    if (withTensors) {
        for (const formats::TensorInfo& info : file.tensors()) {
            std::vector<int64_t> shape;
            for (int i = 0; i < info.shape.rank(); ++i)
                shape.push_back(info.shape[i]);
            facts.tensors.push_back({info.name, std::string(quant::typeName(info.dtype)), std::move(shape), info.bytes});
        }
    }
    return facts;
}

} // namespace sy::api
