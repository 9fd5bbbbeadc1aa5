// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/optimizer.h"
#include "engine/train/schedule.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sy::train {

enum class DataFormat : uint8_t {
    automatic,
    tokens,
    messages,
    sharegpt,
    alpaca,
    promptCompletion,
    preference,
    text,
    csv, // a table whose rows are of one of the others
};

enum class Objective : uint8_t {
    sft,      // the answers of conversations
    pretrain, // every token
    dpo,      // a preferred answer over another one, against the base: preference.h
    orpo,     // the same without the base
};
inline bool isPreference(Objective objective)
{
    return objective == Objective::dpo || objective == Objective::orpo;
}

struct DataFile {
    std::string path;
    DataFormat format = DataFormat::automatic;
    std::map<std::string, std::string> mapping = {}; // the name of a value in a format, and the file's name for it
};

/// A fine-tuning run as its JSON file describes it. Keys that are not given have these values.
struct RunConfig {
    std::string name = "fine-tune";
    std::string model; // path, or id of an imported model
    Objective objective = Objective::sft;
    std::vector<DataFile> data;

    struct Evaluation {
        double fraction = 0.02; // of the rows, held out of the training data
        int64_t everySteps = 50;
        std::string path; // rows of another file are held out instead
    } evaluation;

    struct Adapter {
        enum class Method : uint8_t { lora, rslora, loraPlus, dora, full } method = Method::lora; // full: no adapter, the model itself
        int64_t rank = 16;
        double dropout = 0;  // share of an update's inputs left out in a step
        std::string initial; // an adapter to go on from: what it has is trained, with its ranks and scales. full: kRandom, to
                             // begin with a model of the file's sizes that knows nothing
        double alpha = 32;   // the update is scaled by alpha / rank; rsLoRA: / sqrt(rank)
        std::vector<std::string> targets = {"all-linear"};        // one preset, or names of matrices; * stands for anything
        std::vector<std::pair<std::string, int64_t>> rankPattern; // names with *, and their rank; the first that fits counts
        std::vector<std::pair<std::string, double>> alphaPattern; // likewise their alpha
        enum class Experts : uint8_t { all, token, gate };
        Experts experts = Experts::all; // of the targets': all, or those that the data uses most, by choices or by weight
        std::optional<double> expertShare;  // of all choices or weight that the chosen ones come to; not given: .2, gate .1
        int64_t expertTokens = 16384;       // of the data, to see which are used
        double shareOfExperts() const { return expertShare.value_or(experts == Experts::gate ? 0.1 : 0.2); }
    } adapter;

    struct Optimizer {
        double learningRate = 2e-4;
        Schedule::Form schedule = Schedule::Form::cosine;
        double finalShare = 0.1;
        int64_t warmupSteps = 10;
        double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01;
        double clipNorm = 1;
        int64_t stateBits = 32; // of each of the two numbers that AdamW keeps for a trained one: 32, 8
    } optimizer;

    struct Batch {
        int64_t contextLength = 2048; // tokens; longer texts are left out
        int64_t sequences = 16;       // texts in a step
        int64_t microSequences = 1;   // of them at a time, or with packing bins of contextLength tokens
        bool packing = true;
    } batch;

    int64_t epochs = 1;
    std::optional<int64_t> maxSteps;
    bool isExact = false; // computeType: products with frozen weights in float32, where else their inputs are int8
    bool activationCheckpointing = true;
    struct Checkpoint {
        int64_t everySteps = 50;
        int64_t keep = 3;
    } checkpoint;
    struct Samples {
        int64_t everySteps = 50;
        int64_t maxTokens = 128; // of an answer
        std::vector<std::string> prompts;
    } samples;
    uint64_t seed = 3407;

    bool isWhole() const { return adapter.method == Adapter::Method::full; } // the model itself is trained
};

/// RunConfig::Adapter::initial of a whole model that begins from nothing.
constexpr const char* kRandom = "random";

/// Reads the JSON text of a configuration. Throws BadFile with `source` and the key for what is no JSON, of the wrong type
/// or out of range, and for every key that this version does not know.
RunConfig parseRunConfig(const std::string& text, const std::string& source);

/// The same as JSON, every key written.
nlohmann::ordered_json toJson(const RunConfig& config);

std::string formatName(DataFormat format); // "prompt-completion"

/// Whether a name fits a pattern in which * stands for any characters.
bool matchesPattern(std::string_view name, std::string_view pattern);

} // namespace sy::train
