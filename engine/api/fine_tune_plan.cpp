// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/fine_tune.h"

#include "engine/api/memory_plan.h"
#include "engine/api/models.h"
#include "engine/api/training_material.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

namespace sy::api {

namespace {

FineTuneRow rowOf(const train::TextOutcome& outcome)
{
    using Kind = train::TextOutcome::Kind;
    using Outcome = FineTuneRow::Outcome;
    constexpr std::pair<Kind, Outcome> kOutcomes[] = {{Kind::used, Outcome::used},
                                                      {Kind::heldOut, Outcome::heldOut},
                                                      {Kind::tooLong, Outcome::tooLong},
                                                      {Kind::nothingTrained, Outcome::nothingTrained}};
    const auto* found = std::ranges::find(kOutcomes, outcome.kind, &std::pair<Kind, Outcome>::first);
    return {found->second, outcome.path, outcome.row, outcome.nTokens, {}};
}

// Numbers where there is no tokenizer.
std::string textOf(const tokenizer::Tokenizer* tokenizer, std::span<const int32_t> ids)
{
    std::string text;
    if (tokenizer) {
        tokenizer::StreamDecoder decoder(*tokenizer, {.renderSpecial = true}); // a border may lie inside a character
        for (const int32_t id : ids)
            text += decoder.push(id);
        return text + decoder.finish();
    }
    for (const int32_t id : ids)
        text += std::to_string(id) + " ";
    return text;
}

// The text in stretches of tokens that are trained and that are not.
std::vector<FineTunePiece> piecesOf(const tokenizer::Tokenizer* tokenizer, const train::TrainingText& text)
{
    std::vector<FineTunePiece> pieces;
    const size_t n = text.tokens.size();
    for (size_t begin = 0, end; begin < n; begin = end) {
        // The first token is predicted from nothing and never trained.
        const auto isTrained = [&](size_t i) { return i > 0 && text.isTrained[i] != 0; };
        for (end = begin + 1; end < n && isTrained(end) == isTrained(begin);)
            ++end;
        pieces.push_back({textOf(tokenizer, std::span(text.tokens).subspan(begin, end - begin)), isTrained(begin)});
    }
    return pieces;
}

} // namespace

FineTunePlan planFineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop,
                          const ReadProgress& onRead)
{
    const train::RunConfig parsed = train::parseRunConfig(config, source);
    TrainingMaterial material(engine, parsed, source, stop, onRead);
    material.chooseExperts(engine, parsed, stop);
    const std::optional<nn::Adapter> initial = material.readInitial(engine, parsed, source);
    train::Trainer trainer = material.trainer(parsed, {}, initial ? &*initial : nullptr);
    const train::DatasetReport& r = material.data().report;
    FineTunePlan plan;
    plan.rows = r.nRows;
    plan.texts = r.nTexts;
    plan.tokens = r.nTokens;
    plan.trainedTokens = r.nTrainedTokens;
    plan.heldOutTexts = r.nHeldOut;
    plan.longestTokens = r.longestTokens;
    plan.tooLong = r.nTooLong;
    plan.withoutLabels = r.nWithoutLabels;
    plan.withoutEnd = r.nWithoutEnd;
    plan.duplicates = r.nDuplicates;
    plan.formats = r.formats;
    plan.personalData = {{"mail", r.personal.nMails}, {"phone", r.personal.nPhones}, {"identity", r.personal.nIdentities}};
    for (const train::TextOutcome& outcome : material.data().preview) {
        plan.preview.push_back(rowOf(outcome));
        plan.preview.back().pieces = piecesOf(material.tokenizer(), outcome.text);
    }
    for (const train::TextOutcome& outcome : material.data().dropped)
        plan.dropped.push_back(rowOf(outcome));
    plan.steps = trainer.nSteps();
    plan.trainedParameters = trainer.nTrained();
    if (material.experts()) {
        for (const auto& [layer, experts] : *material.experts())
            plan.experts[layer].assign(experts.begin(), experts.end());
    }
    plan.expertsPerLayer = material.model().config().nExperts;
    planMemory(plan, material, trainer, parsed, engine.models().memory());
    return plan;
}

FineTuneSpeed measureFineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop)
{
    constexpr int64_t kMostTokens = 512; // more would be exacter by a few percent and take minutes with a large model
    const train::RunConfig parsed = train::parseRunConfig(config, source);
    TrainingMaterial material(engine, parsed, source, stop);
    material.chooseExperts(engine, parsed, stop);
    const std::optional<nn::Adapter> initial = material.readInitial(engine, parsed, source);
    requireMemory(material, parsed, initial ? &*initial : nullptr, engine.models().memory());
    material.pack(stop);
    train::Trainer trainer = material.trainer(parsed, {}, initial ? &*initial : nullptr);
    trainer.shareProcessor(material.stepLock());
    material.readWeights(trainer, parsed, stop);
    const train::StepCost cost = trainer.measure(kMostTokens, stop);
    // A pass that keeps nothing for its way back is a third of a step, or with activation checkpointing a quarter.
    const double evaluated = parsed.activationCheckpointing ? 0.25 : 1.0 / 3;
    const int64_t heldOut = material.data().heldOut.nTokens();
    const int64_t nEvaluations = (trainer.nSteps() + parsed.evaluation.everySteps - 1) / parsed.evaluation.everySteps;
    FineTuneSpeed speed;
    speed.tokensPerSecond = 1 / cost.secondsPerToken;
    speed.seconds = double(trainer.nTokensInAll()) * cost.secondsPerToken + double(trainer.nSteps()) * cost.secondsPerUpdate +
                    double(nEvaluations * heldOut) * cost.secondsPerToken * evaluated;
    return speed;
}

} // namespace sy::api
