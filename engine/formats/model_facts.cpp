// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/model_facts.h"

#include "engine/formats/model_file.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <map>

namespace sy::formats {

namespace {

// Keys that some models give per layer: the largest counts.
int64_t largest(const Metadata& m, const std::string& key)
{
    const std::vector<int64_t> values = m.integers(key);
    return values.empty() ? 0 : *std::ranges::max_element(values);
}

bool isParameter(DType dtype) // integer tensors are tables: token routes, layer numbers
{
    return dtype != DType::I8 && dtype != DType::I16 && dtype != DType::I32 && dtype != DType::I64;
}

// Experts of a layer lie in one tensor, outermost dimension first: blk.N.ffn_up_exps.weight (nExperts, ffn, dim). Very old files
// have one tensor for each: blk.N.ffn_up.E.weight.
int64_t activeElements(const TensorInfo& info, int64_t nExperts, int64_t nUsed)
{
    const int64_t count = info.shape.count();
    if (nExperts <= 0 || nUsed <= 0 || nUsed >= nExperts)
        return count;
    if (info.name.find("_exps.") != std::string::npos && info.shape[0] == nExperts)
        return count / nExperts * nUsed;
    const bool isOldExpert = std::ranges::count(info.name, '.') == 4 && info.name.find(".ffn_") != std::string::npos;
    return isOldExpert ? count * nUsed / nExperts : count;
}

int64_t vocabularyOf(const ModelFile& file, const std::string& prefix)
{
    const Metadata& m = file.metadata();
    if (const auto size = m.integer(prefix + "vocab_size"))
        return *size;
    if (const size_t n = m.arraySize("tokenizer.ggml.tokens"))
        return int64_t(n);
    const auto embedding = std::ranges::find(file.tensors(), "token_embd.weight", &TensorInfo::name);
    return embedding != file.tensors().end() ? embedding->shape[0] : 0;
}

} // namespace

ModelFacts modelFacts(const ModelFile& file)
{
    const Metadata& m = file.metadata();
    ModelFacts facts{};
    facts.architecture = m.requireString("general.architecture");
    const std::string prefix = facts.architecture + ".";
    facts.name = m.string("general.name").value_or("");
    if (facts.name.empty())
        facts.name = std::filesystem::path(m.source()).stem().string();
    facts.license = m.string("general.license").value_or("");
    facts.fileBytes = file.fileBytes();
    facts.contextLength = m.integer(prefix + "context_length").value_or(0);
    facts.nLayers = m.integer(prefix + "block_count").value_or(0);
    facts.nExperts = m.integer(prefix + "expert_count").value_or(0);
    facts.nExpertsUsed = largest(m, prefix + "expert_used_count");
    facts.vocabulary = vocabularyOf(file, prefix);
    const int64_t pooling = m.integer(prefix + "pooling_type").value_or(0);
    facts.isEmbeddingModel = pooling >= 1 && pooling <= 3; // mean, first token, last token; 4 ranks

    std::map<std::string, uint64_t> bytes;
    for (const TensorInfo& info : file.tensors()) {
        bytes[std::string(quant::typeName(info.dtype))] += info.bytes;
        if (!isParameter(info.dtype))
            continue;
        facts.parameters += info.shape.count();
        facts.activeParameters += activeElements(info, facts.nExperts, facts.nExpertsUsed);
    }
    facts.quantization.assign(bytes.begin(), bytes.end());
    std::ranges::stable_sort(facts.quantization, std::greater(), [](const auto& entry) { return entry.second; });
    return facts;
}

} // namespace sy::formats
