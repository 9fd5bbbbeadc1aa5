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

constexpr std::string_view kMean = ".adam_mean", kSquare = ".adam_square", kScales = "_scales";
constexpr int64_t kVersion = 1;

std::string stepsKey(const std::string& name)
{
    return "checkpoint.steps." + name;
}

// What AdamW has of a parameter; zeros before its first step.
AdamWState stateOf(AdamW& optimizer, const autograd::Parameter& p)
{
    const auto found = optimizer.states().find(p.name);
    return found != optimizer.states().end() ? found->second : optimizer.newState(p);
}

// The tensors of a state with their names in the file, those that there are.
template <class State, class F>
void eachTensor(const std::string& name, State& s, F&& f)
{
    const std::string mean = name + std::string(kMean), square = name + std::string(kSquare);
    f(mean, s.mean);
    f(square, s.square);
    if (s.meanScales) {
        f(mean + std::string(kScales), s.meanScales);
        f(square + std::string(kScales), s.squareScales);
    }
}

formats::GgufFile opened(const std::filesystem::path& path, const std::vector<autograd::Parameter*>& parameters)
{
    formats::GgufFile file = formats::GgufFile::open(path);
    if (file.metadata().string("general.type") != "checkpoint" ||
        file.metadata().requireInteger("checkpoint.version") != kVersion)
        throw BadFile(path.string(), "is no checkpoint of this version");
    if (!std::ranges::all_of(parameters, [&](const autograd::Parameter* p) { return file.has(p->name); }))
        throw Unsupported("going on from " + path.string(), "what is trained has changed since");
    return file;
}

// A tensor of the file like another one.
Tensor copyLike(const formats::GgufFile& file, const std::string& name, const Tensor& like)
{
    const Tensor stored = file.get(name);
    if (stored.dtype() != like.dtype() || stored.count() != like.count())
        throw Unsupported("going on from " + file.metadata().source(), "what is trained has changed since: " + name);
    Tensor t = Tensor::empty(like.shape(), like.dtype());
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
        out.declare(name, t.shape(), t.dtype());
        tensors.push_back(t);
    };
    for (const autograd::Parameter* p : set.parameters()) {
        const AdamWState s = stateOf(optimizer, *p);
        declare(p->name, p->value);
        eachTensor(p->name, s, declare);
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
    size_t nTensors = 0;
    for (const autograd::Parameter* p : parameters) {
        values.push_back(copyLike(file, p->name, p->value));
        AdamWState& s = states[p->name];
        s = optimizer.newState(*p);
        ++nTensors;
        eachTensor(p->name, s, [&](const std::string& name, Tensor& t) {
            if (!file.has(name))
                throw Unsupported("going on from " + path.string(), "what is trained has changed since: " + name);
            t = copyLike(file, name, t);
            ++nTensors;
        });
        const size_t nGroups = s.stepsDone.size();
        s.stepsDone = keys.integers(stepsKey(p->name));
        if (s.stepsDone.size() != nGroups)
            throw BadFile(path.string(), stepsKey(p->name) + " has " + std::to_string(s.stepsDone.size()) + " counts");
    }
    if (nTensors != file.tensors().size())
        throw Unsupported("going on from " + path.string(), "what is trained has changed since");
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
    for (size_t i = 0; i < parameters.size(); ++i) // in its place: a whole tensor's is the model's
        std::memcpy(parameters[i]->value.raw(), values[i].raw(), values[i].bytes());
    optimizer.states() = std::move(states);
    state = std::move(read);
}

void readCheckpointValues(const std::filesystem::path& path, TrainedSet& set)
{
    const std::vector<autograd::Parameter*> parameters = set.parameters();
    const formats::GgufFile file = opened(path, parameters);
    std::vector<Tensor> values;
    for (const autograd::Parameter* p : parameters)
        values.push_back(copyLike(file, p->name, p->value));
    for (size_t i = 0; i < parameters.size(); ++i)
        std::memcpy(parameters[i]->value.raw(), values[i].raw(), values[i].bytes());
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
