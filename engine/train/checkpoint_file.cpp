// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/checkpoint_file.h"

#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/formats/gguf_writer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace sy::train {

namespace {

constexpr std::string_view kMean = ".adam_mean", kSquare = ".adam_square";
constexpr int64_t kVersion = 1;

std::string stepsKey(const std::string& name)
{
    return "checkpoint.steps." + name;
}

// What AdamW has of a parameter; zeros before its first step.
AdamWState stateOf(AdamW& optimizer, const autograd::Parameter& p)
{
    const auto found = optimizer.states().find(p.name);
    if (found != optimizer.states().end())
        return found->second;
    const Shape& shape = p.value.shape();
    return {Tensor::zeros(shape), Tensor::zeros(shape), std::vector<int64_t>(size_t(shape.rank() == 3 ? shape[0] : 1), 0)};
}

formats::GgufFile opened(const std::filesystem::path& path, const std::vector<autograd::Parameter*>& parameters)
{
    formats::GgufFile file = formats::GgufFile::open(path);
    if (file.metadata().string("general.type") != "checkpoint" ||
        file.metadata().requireInteger("checkpoint.version") != kVersion)
        throw BadFile(path.string(), "is no checkpoint of this version");
    if (file.tensors().size() != 3 * parameters.size() ||
        !std::ranges::all_of(parameters, [&](const autograd::Parameter* p) { return file.has(p->name); }))
        throw Unsupported("going on from " + path.string(), "what is trained has changed since");
    return file;
}

Tensor copyOf(const formats::GgufFile& file, const std::string& name, const Shape& shape)
{
    const Tensor stored = file.get(name);
    if (stored.dtype() != DType::F32 || stored.count() != shape.count())
        throw Unsupported("going on from " + file.metadata().source(), "what is trained has changed since: " + name);
    Tensor t = Tensor::empty(shape);
    std::memcpy(t.raw(), stored.raw(), t.bytes());
    return t;
}

} // namespace

void writeCheckpoint(const std::filesystem::path& path, TrainedSet& set, AdamW& optimizer, const RunState& state)
{
    formats::GgufWriter out(path);
    formats::Metadata& keys = out.metadata();
    keys.setString("general.type", "checkpoint");
    keys.setInteger("checkpoint.version", kVersion);
    keys.setInteger("checkpoint.step", state.step, formats::ValueType::u64);
    keys.setString("checkpoint.data_sha256", state.dataSha256);
    keys.setString("checkpoint.model", state.modelFingerprint);
    keys.setReals("checkpoint.losses", state.losses);
    if (state.bestEvalLoss) {
        keys.setReal("checkpoint.best_eval_loss", *state.bestEvalLoss, formats::ValueType::f64);
        keys.setInteger("checkpoint.best_step", state.bestStep, formats::ValueType::u64);
        keys.setInteger("checkpoint.evaluated_step", state.evaluatedStep, formats::ValueType::u64);
    }
    std::vector<Tensor> tensors;
    const auto declare = [&](const std::string& name, const Tensor& t) {
        out.declare(name, t.shape(), DType::F32);
        tensors.push_back(t);
    };
    for (const autograd::Parameter* p : set.parameters()) {
        const AdamWState s = stateOf(optimizer, *p);
        declare(p->name, p->value);
        declare(p->name + std::string(kMean), s.mean);
        declare(p->name + std::string(kSquare), s.square);
        const std::vector<int32_t> steps(s.stepsDone.begin(), s.stepsDone.end());
        keys.setIntegers(stepsKey(p->name), steps);
    }
    for (const Tensor& t : tensors)
        out.append(t);
    out.finish();
}

void readCheckpoint(const std::filesystem::path& path, TrainedSet& set, AdamW& optimizer, const RunState& expected,
                    RunState& state)
{
    const std::vector<autograd::Parameter*> parameters = set.parameters();
    const formats::GgufFile file = opened(path, parameters);
    const formats::Metadata& keys = file.metadata();
    const auto mustEqual = [&](const char* key, const std::string& wanted, const char* what) {
        if (keys.requireString(key) != wanted)
            throw Unsupported("going on from " + path.string(), std::string(what) + " has changed since");
    };
    mustEqual("checkpoint.data_sha256", expected.dataSha256, "the training data");
    mustEqual("checkpoint.model", expected.modelFingerprint, "the model");

    std::vector<Tensor> values;
    std::map<std::string, AdamWState> states;
    for (const autograd::Parameter* p : parameters) {
        const Shape& shape = p->value.shape();
        values.push_back(copyOf(file, p->name, shape));
        AdamWState& s = states[p->name];
        s.mean = copyOf(file, p->name + std::string(kMean), shape);
        s.square = copyOf(file, p->name + std::string(kSquare), shape);
        s.stepsDone = keys.integers(stepsKey(p->name));
        const auto nGroups = size_t(shape.rank() == 3 ? shape[0] : 1);
        if (s.stepsDone.size() != nGroups)
            throw BadFile(path.string(), stepsKey(p->name) + " has " + std::to_string(s.stepsDone.size()) + " counts");
    }
    RunState read = expected;
    read.step = keys.requireInteger("checkpoint.step");
    read.losses = keys.reals("checkpoint.losses");
    if (keys.has("checkpoint.best_eval_loss")) {
        read.bestEvalLoss = keys.requireReal("checkpoint.best_eval_loss");
        read.bestStep = keys.requireInteger("checkpoint.best_step");
        read.evaluatedStep = keys.requireInteger("checkpoint.evaluated_step");
    }
    if (read.step < 0 || int64_t(read.losses.size()) != read.step)
        throw BadFile(path.string(), "checkpoint.step does not fit checkpoint.losses");
    for (size_t i = 0; i < parameters.size(); ++i)
        parameters[i]->value = values[i];
    optimizer.states() = std::move(states);
    state = std::move(read);
}

void readCheckpointValues(const std::filesystem::path& path, TrainedSet& set)
{
    const std::vector<autograd::Parameter*> parameters = set.parameters();
    const formats::GgufFile file = opened(path, parameters);
    std::vector<Tensor> values;
    for (const autograd::Parameter* p : parameters)
        values.push_back(copyOf(file, p->name, p->value.shape()));
    for (size_t i = 0; i < parameters.size(); ++i)
        parameters[i]->value = values[i];
}

std::string checkpointName(int64_t step)
{
    const std::string digits = std::to_string(step);
    return "step-" + std::string(digits.size() < 8 ? 8 - digits.size() : 0, '0') + digits + ".gguf";
}

int64_t checkpointStep(const std::filesystem::path& path)
{
    return std::strtoll(path.stem().string().c_str() + std::strlen("step-"), nullptr, 10);
}

std::vector<std::filesystem::path> checkpointsIn(const std::filesystem::path& folder)
{
    std::vector<std::filesystem::path> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("step-") && name.ends_with(".gguf") && name.size() == checkpointName(0).size())
            found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
}

} // namespace sy::train
