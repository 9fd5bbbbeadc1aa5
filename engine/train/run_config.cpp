// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/run_config.h"

#include "engine/core/error.h"
#include "engine/formats/json_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace sy::train {

namespace {

using nlohmann::json;
using Method = RunConfig::Adapter::Method;

template <class T>
struct Named {
    const char* name;
    T value;
};
constexpr Named<DataFormat> kFormats[] = {{"auto", DataFormat::automatic},
                                          {"tokens", DataFormat::tokens},
                                          {"messages", DataFormat::messages},
                                          {"sharegpt", DataFormat::sharegpt},
                                          {"alpaca", DataFormat::alpaca},
                                          {"prompt-completion", DataFormat::promptCompletion},
                                          {"preference", DataFormat::preference},
                                          {"text", DataFormat::text},
                                          {"csv", DataFormat::csv}};
constexpr Named<Method> kMethods[] = {
    {"lora", Method::lora}, {"rslora", Method::rslora}, {"lora+", Method::loraPlus}, {"dora", Method::dora}, {"full", Method::full}};
constexpr Named<RunConfig::Adapter::Experts> kExperts[] = {{"all", RunConfig::Adapter::Experts::all},
                                                           {"token", RunConfig::Adapter::Experts::token},
                                                           {"gate", RunConfig::Adapter::Experts::gate}};
constexpr Named<Schedule::Form> kSchedules[] = {
    {"constant", Schedule::Form::constant}, {"linear", Schedule::Form::linear}, {"cosine", Schedule::Form::cosine}};
constexpr Named<Objective> kObjectives[] = {
    {"sft", Objective::sft}, {"pretrain", Objective::pretrain}, {"dpo", Objective::dpo}, {"orpo", Objective::orpo}};
constexpr double kLeastAlpha = 1e-6, kMostAlpha = 1e6;
constexpr Named<bool> kOptimizers[] = {{"adamw", true}};
constexpr Named<bool> kComputeTypes[] = {{"auto", false}, {"f32", true}}; // RunConfig::isExact

template <class T, size_t n>
const char* nameOf(const Named<T> (&names)[n], T value)
{
    return std::ranges::find(names, value, &Named<T>::value)->name;
}

// An object whose keys are taken one by one; what is left over is unknown.
class Keys {
public:
    Keys(const json& object, std::string source, std::string prefix)
        : m_object(object), m_source(std::move(source)), m_prefix(std::move(prefix))
    {
        if (!object.is_object())
            throw BadFile(m_source, (m_prefix.empty() ? "the configuration" : m_prefix.substr(0, m_prefix.size() - 1)) +
                                        " is no object");
    }

    [[noreturn]] void bad(const std::string& key, const std::string& problem) const
    {
        throw BadFile(m_source, m_prefix + key + " " + problem);
    }

    const json* take(const std::string& key)
    {
        m_known.insert(key);
        const auto found = m_object.find(key);
        return found == m_object.end() ? nullptr : &*found;
    }
    void text(const std::string& key, std::string& value)
    {
        if (const json* j = take(key)) {
            if (!j->is_string())
                bad(key, "is no text");
            value = j->get<std::string>();
        }
    }
    void textOrNull(const std::string& key, std::string& value) // null: empty
    {
        const json* j = take(key);
        if (j && j->is_null())
            value.clear();
        else
            text(key, value);
    }
    void namesOfNames(const std::string& key, std::map<std::string, std::string>& values)
    {
        const json* j = take(key);
        if (!j)
            return;
        if (!j->is_object() || !std::ranges::all_of(*j, [](const json& name) { return name.is_string(); }))
            bad(key, "is no object of texts");
        values = j->get<std::map<std::string, std::string>>();
    }
    void texts(const std::string& key, std::vector<std::string>& values)
    {
        const json* j = take(key);
        if (!j)
            return;
        if (!j->is_array() || !std::ranges::all_of(*j, [](const json& text) { return text.is_string(); }))
            bad(key, "is no list of texts");
        values = j->get<std::vector<std::string>>();
    }
    void boolean(const std::string& key, bool& value)
    {
        if (const json* j = take(key)) {
            if (!j->is_boolean())
                bad(key, "is neither true nor false");
            value = j->get<bool>();
        }
    }
    template <class T>
    void whole(const std::string& key, T& value, int64_t least, int64_t most)
    {
        if (const json* j = take(key))
            value = T(wholeOf(key, *j, least, most));
    }
    int64_t wholeOf(const std::string& key, const json& j, int64_t least, int64_t most) const
    {
        const bool isWhole = j.is_number_integer() && (!j.is_number_unsigned() || j.get<uint64_t>() <= uint64_t(INT64_MAX));
        if (!isWhole || j.get<int64_t>() < least || j.get<int64_t>() > most)
            bad(key, "is no whole number from " + std::to_string(least) + " to " + std::to_string(most));
        return j.get<int64_t>();
    }
    void real(const std::string& key, double& value, double least, double most)
    {
        if (const json* j = take(key))
            value = realOf(key, *j, least, most);
    }
    double realOf(const std::string& key, const json& j, double least, double most) const
    {
        if (!j.is_number() || !(j.get<double>() >= least) || !(j.get<double>() <= most))
            bad(key, "is no number from " + json(least).dump() + " to " + json(most).dump());
        return j.get<double>();
    }
    template <class F>
    void patterns(const std::string& key, F&& use)
    {
        const json* j = take(key);
        if (!j)
            return;
        if (!j->is_object())
            bad(key, "is no object");
        for (const auto& [pattern, value] : j->items())
            use(pattern, value);
    }
    template <class T, size_t n>
    void choice(const std::string& key, T& value, const Named<T> (&names)[n])
    {
        const json* j = take(key);
        if (!j)
            return;
        const auto* found = std::ranges::find_if(names, [&](const Named<T>& name) { return *j == name.name; });
        if (found == std::end(names)) {
            std::string all;
            for (const Named<T>& name : names)
                all += (all.empty() ? "" : ", ") + std::string(name.name);
            bad(key, "is " + j->dump() + "; this version knows " + all);
        }
        value = found->value;
    }
    template <class F>
    void object(const std::string& key, F&& read)
    {
        if (const json* j = take(key)) {
            Keys inner(*j, m_source, m_prefix + key + ".");
            read(inner);
            inner.finish();
        }
    }
    void finish() const
    {
        for (const auto& [key, value] : m_object.items()) {
            if (!m_known.contains(key))
                throw BadFile(m_source, "there is no setting \"" + m_prefix + key + "\"");
        }
    }
    const std::string& source() const { return m_source; }

private:
    const json& m_object;
    std::string m_source, m_prefix;
    std::set<std::string> m_known;
};

void readData(Keys& keys, std::vector<DataFile>& data)
{
    const json* list = keys.take("data");
    if (!list)
        return;
    if (!list->is_array())
        keys.bad("data", "is no list");
    for (size_t i = 0; i < list->size(); ++i) {
        Keys entry((*list)[i], keys.source(), "data[" + std::to_string(i) + "].");
        DataFile file;
        entry.text("path", file.path);
        entry.choice("format", file.format, kFormats);
        entry.namesOfNames("mapping", file.mapping);
        entry.finish();
        if (file.path.empty())
            entry.bad("path", "is missing");
        data.push_back(file);
    }
}

void readAdapter(Keys& keys, RunConfig::Adapter& a)
{
    keys.choice("method", a.method, kMethods);
    keys.whole("rank", a.rank, 1, 4096);
    keys.real("alpha", a.alpha, kLeastAlpha, kMostAlpha);
    keys.real("dropout", a.dropout, 0, 0.9);
    keys.textOrNull("initial", a.initial);
    keys.choice("experts", a.experts, kExperts);
    if (const json* share = keys.take("expertShare"); share && !share->is_null())
        a.expertShare = keys.realOf("expertShare", *share, 1e-6, 1);
    keys.whole("expertTokens", a.expertTokens, 1, INT32_MAX);
    if (const json* targets = keys.take("targets")) {
        a.targets.clear();
        if (targets->is_string())
            a.targets.push_back(targets->get<std::string>());
        else if (targets->is_array() && !targets->empty() &&
                 std::ranges::all_of(*targets, [](const json& t) { return t.is_string(); }))
            a.targets = targets->get<std::vector<std::string>>();
        else
            keys.bad("targets", "is neither a preset nor a list of names");
    }
    keys.patterns("rankPattern", [&](const std::string& pattern, const json& rank) {
        a.rankPattern.emplace_back(pattern, keys.wholeOf("rankPattern." + pattern, rank, 1, 4096));
    });
    keys.patterns("alphaPattern", [&](const std::string& pattern, const json& alpha) {
        a.alphaPattern.emplace_back(pattern, keys.realOf("alphaPattern." + pattern, alpha, kLeastAlpha, kMostAlpha));
    });
}

void readOptimizer(Keys& keys, RunConfig::Optimizer& o)
{
    bool isKnown = true;
    keys.choice("name", isKnown, kOptimizers);
    keys.real("learningRate", o.learningRate, 0, 10);
    keys.choice("schedule", o.schedule, kSchedules);
    keys.real("finalShare", o.finalShare, 0, 1);
    keys.whole("warmupSteps", o.warmupSteps, 0, INT32_MAX);
    keys.real("beta1", o.beta1, 0, 0.99999999);
    keys.real("beta2", o.beta2, 0, 0.99999999);
    keys.real("epsilon", o.epsilon, 1e-16, 1);
    keys.real("weightDecay", o.weightDecay, 0, 1);
    keys.real("clipNorm", o.clipNorm, 1e-6, 1e9);
    keys.whole("stateBits", o.stateBits, 8, 32);
    if (o.stateBits != 8 && o.stateBits != 32)
        keys.bad("stateBits", "is neither 8 nor 32");
}

} // namespace

RunConfig parseRunConfig(const std::string& text, const std::string& source)
{
    const json root = formats::parseJson(text, source);
    Keys keys(root, source, "");
    RunConfig c;
    keys.text("name", c.name);
    keys.text("model", c.model);
    keys.choice("objective", c.objective, kObjectives);
    readData(keys, c.data);
    keys.object("evaluation", [&](Keys& k) {
        k.real("fraction", c.evaluation.fraction, 0, 0.5);
        k.whole("everySteps", c.evaluation.everySteps, 1, INT32_MAX);
        k.textOrNull("path", c.evaluation.path);
    });
    keys.object("adapter", [&](Keys& k) { readAdapter(k, c.adapter); });
    keys.object("optimizer", [&](Keys& k) { readOptimizer(k, c.optimizer); });
    keys.object("batch", [&](Keys& k) {
        k.whole("contextLength", c.batch.contextLength, 2, 1 << 24);
        k.whole("sequences", c.batch.sequences, 1, 1 << 20);
        k.whole("microSequences", c.batch.microSequences, 1, 1 << 20);
        k.boolean("packing", c.batch.packing);
    });
    keys.whole("epochs", c.epochs, 1, 1 << 20);
    if (const json* steps = keys.take("maxSteps"); steps && !steps->is_null())
        c.maxSteps = keys.wholeOf("maxSteps", *steps, 1, INT32_MAX);
    keys.choice("computeType", c.isExact, kComputeTypes);
    keys.boolean("activationCheckpointing", c.activationCheckpointing);
    keys.object("checkpoint", [&](Keys& k) {
        k.whole("everySteps", c.checkpoint.everySteps, 1, INT32_MAX);
        k.whole("keep", c.checkpoint.keep, 2, 1 << 20);
    });
    keys.object("samples", [&](Keys& k) {
        k.whole("everySteps", c.samples.everySteps, 1, INT32_MAX);
        k.whole("maxTokens", c.samples.maxTokens, 1, 1 << 20);
        k.texts("prompts", c.samples.prompts);
    });
    keys.whole("seed", c.seed, 0, INT64_MAX);
    keys.finish();
    if (c.isWhole() && !c.adapter.initial.empty() && c.adapter.initial != kRandom)
        keys.bad("adapter.initial", std::string("of a model that is trained whole is null or \"") + kRandom + "\"");
    if (c.adapter.experts != RunConfig::Adapter::Experts::all && (c.isWhole() || !c.adapter.initial.empty()))
        keys.bad("adapter.experts", "other than \"all\" is for adapters that begin anew");
    if (c.isWhole() && c.objective == Objective::dpo)
        keys.bad("objective", "\"dpo\" compares with the model as it was, which training it whole does not keep; take \"orpo\"");
    return c;
}

nlohmann::ordered_json toJson(const RunConfig& c)
{
    using nlohmann::ordered_json;
    ordered_json data = ordered_json::array();
    for (const DataFile& file : c.data)
        data.push_back({{"path", file.path}, {"format", formatName(file.format)}, {"mapping", file.mapping}});
    const auto patternsOf = [](const auto& pairs) {
        ordered_json object = ordered_json::object();
        for (const auto& [pattern, value] : pairs)
            object[pattern] = value;
        return object;
    };
    return {{"name", c.name},
            {"model", c.model},
            {"objective", nameOf(kObjectives, c.objective)},
            {"data", data},
            {"evaluation",
             {{"fraction", c.evaluation.fraction},
              {"everySteps", c.evaluation.everySteps},
              {"path", c.evaluation.path.empty() ? ordered_json(nullptr) : ordered_json(c.evaluation.path)}}},
            {"adapter",
             {{"method", nameOf(kMethods, c.adapter.method)},
              {"rank", c.adapter.rank},
              {"alpha", c.adapter.alpha},
              {"dropout", c.adapter.dropout},
              {"initial", c.adapter.initial.empty() ? ordered_json(nullptr) : ordered_json(c.adapter.initial)},
              {"targets",
               c.adapter.targets.size() == 1 ? ordered_json(c.adapter.targets.front()) : ordered_json(c.adapter.targets)},
              {"rankPattern", patternsOf(c.adapter.rankPattern)},
              {"alphaPattern", patternsOf(c.adapter.alphaPattern)},
              {"experts", nameOf(kExperts, c.adapter.experts)},
              {"expertShare", c.adapter.expertShare ? ordered_json(*c.adapter.expertShare) : ordered_json(nullptr)},
              {"expertTokens", c.adapter.expertTokens}}},
            {"optimizer",
             {{"name", "adamw"},
              {"learningRate", c.optimizer.learningRate},
              {"schedule", nameOf(kSchedules, c.optimizer.schedule)},
              {"finalShare", c.optimizer.finalShare},
              {"warmupSteps", c.optimizer.warmupSteps},
              {"beta1", c.optimizer.beta1},
              {"beta2", c.optimizer.beta2},
              {"epsilon", c.optimizer.epsilon},
              {"weightDecay", c.optimizer.weightDecay},
              {"clipNorm", c.optimizer.clipNorm},
              {"stateBits", c.optimizer.stateBits}}},
            {"batch",
             {{"contextLength", c.batch.contextLength},
              {"sequences", c.batch.sequences},
              {"microSequences", c.batch.microSequences},
              {"packing", c.batch.packing}}},
            {"epochs", c.epochs},
            {"maxSteps", c.maxSteps ? ordered_json(*c.maxSteps) : ordered_json(nullptr)},
            {"computeType", nameOf(kComputeTypes, c.isExact)},
            {"activationCheckpointing", c.activationCheckpointing},
            {"checkpoint", {{"everySteps", c.checkpoint.everySteps}, {"keep", c.checkpoint.keep}}},
            {"samples",
             {{"everySteps", c.samples.everySteps}, {"maxTokens", c.samples.maxTokens}, {"prompts", c.samples.prompts}}},
            {"seed", c.seed}};
}

std::string formatName(DataFormat format)
{
    return nameOf(kFormats, format);
}

bool matchesPattern(std::string_view name, std::string_view pattern)
{
    const size_t star = pattern.find('*');
    if (star == std::string_view::npos)
        return name == pattern;
    if (!name.starts_with(pattern.substr(0, star)))
        return false;
    for (size_t skip = star; skip <= name.size(); ++skip) {
        if (matchesPattern(name.substr(skip), pattern.substr(star + 1)))
            return true;
    }
    return false;
}

} // namespace sy::train
