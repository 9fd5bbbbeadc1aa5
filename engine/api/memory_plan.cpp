// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/memory_plan.h"

#include "engine/core/error.h"
#include "engine/train/new_adapter.h"

#include <algorithm>
#include <cstdio>

namespace sy::api {

namespace {

uint64_t sumOf(const train::MemoryNeed& need)
{
    return need.weightBytes + need.trainedBytes + need.activationBytes + need.otherBytes;
}

std::string gigabytes(uint64_t bytes)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GB", double(bytes) / 1e9);
    return text;
}

} // namespace

void planMemory(FineTunePlan& plan, const TrainingMaterial& material, train::Trainer& trainer,
                const train::RunConfig& config, const MemoryState& memory)
{
    const train::BatchSize batch = trainer.largestBatch();
    const bool hasCheckpoints = config.activationCheckpointing;
    const auto needOf = [&](const train::BatchSize& size, bool checkpoints) {
        return train::memoryNeed(material.model(), trainer.trained(), size, checkpoints, config.optimizer.stateBits);
    };
    const train::MemoryNeed need = needOf(batch, hasCheckpoints);
    // What the process has already, beside the weights where it has them.
    const uint64_t process =
        memory.processBytes - (material.hasWeights() ? std::min(memory.processBytes, need.weightBytes) : 0);
    plan.weightBytes = need.weightBytes;
    plan.trainedBytes = need.trainedBytes;
    plan.activationBytes = need.activationBytes;
    plan.otherBytes = need.otherBytes + process;
    plan.peakBytes = sumOf(need) + process;
    plan.availableBytes = memory.availableBytes + memory.processBytes;
    if (plan.peakBytes <= plan.availableBytes)
        return;
    const auto propose = [&](const char* setting, const std::string& value, const train::MemoryNeed& then) {
        const uint64_t peak = sumOf(then) + process;
        if (peak <= plan.availableBytes)
            plan.changes.push_back({setting, value, peak});
        return peak <= plan.availableBytes;
    };
    const auto part = [&](int64_t nTokens) {
        train::BatchSize smaller{
            nTokens, std::max<int64_t>(1, batch.nLabels * nTokens / std::max<int64_t>(1, batch.nTokens)), batch.otherTokens};
        smaller.otherTokens.erase(smaller.otherTokens.lower_bound(train::sizeClass(nTokens)), smaller.otherTokens.end());
        return smaller;
    };
    if (!hasCheckpoints)
        propose("activationCheckpointing", "true", needOf(batch, true));
    const int64_t micro = config.batch.microSequences;
    if (micro > 1)
        propose("batch.microSequences", "1", needOf(part((batch.nTokens + micro - 1) / micro), hasCheckpoints));
    for (int64_t context = config.batch.contextLength / 2; context >= 64; context /= 2) {
        const int64_t nTokens = std::min(batch.nTokens, context * micro);
        if (propose("batch.contextLength", std::to_string(context), needOf(part(nTokens), hasCheckpoints)))
            break;
    }
    if (config.optimizer.stateBits > 8)
        propose("optimizer.stateBits", "8",
                train::memoryNeed(material.model(), trainer.trained(), batch, hasCheckpoints, 8));
    const bool hasRank = config.adapter.initial.empty() && !config.isWhole();
    for (int64_t rank = config.adapter.rank / 2; rank >= 1 && hasRank; rank /= 2) {
        train::MemoryNeed smaller = need;
        smaller.trainedBytes = need.trainedBytes * uint64_t(rank) / uint64_t(config.adapter.rank);
        if (propose("adapter.rank", std::to_string(rank), smaller))
            break;
    }
    if (config.isWhole() && config.adapter.initial.empty()) { // on the weights as the file has them
        train::RunConfig::Adapter adapter = config.adapter;
        adapter.method = train::RunConfig::Adapter::Method::lora;
        train::MemoryNeed smaller = train::memoryNeed(material.model(), train::newAdapter(material.model(), adapter, 0),
                                                      batch, hasCheckpoints, config.optimizer.stateBits);
        smaller.weightBytes = material.fileBytes();
        propose("adapter.method", "\"lora\"", smaller);
    }
}

void requireMemory(const TrainingMaterial& material, const train::RunConfig& config, const nn::Adapter* initial,
                   const MemoryState& memory)
{
    train::Trainer trainer = material.trainer(config, {}, initial);
    FineTunePlan plan;
    planMemory(plan, material, trainer, config, memory);
    requireMemory(plan);
}

void requireMemory(const FineTunePlan& plan)
{
    if (plan.peakBytes <= plan.availableBytes)
        return;
    throw Unsupported(
        "a run that needs " + gigabytes(plan.peakBytes) + " where " + gigabytes(plan.availableBytes) + " are free",
        plan.changes.empty() ? "a smaller model, or a smaller quantization of it, may fit"
                             : "it would fit with " + plan.changes.front().setting + "=" + plan.changes.front().value);
}

} // namespace sy::api
