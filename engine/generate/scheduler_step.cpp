// SPDX-License-Identifier: GPL-3.0-or-later
// A step, from its parts to the tokens that come out of it.
#include "engine/core/error.h"
#include "engine/generate/scheduler_state.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <new>
#include <utility>

namespace sy::generate {

namespace {

using models::LogitsWanted;

constexpr int64_t kTellingPiece = 16; // tokens of prompts from which a step says how fast prompts are read

/// Between two layers: nobody wants what the step would give.
class AbandonedStep final : public nn::LayerObserver {
public:
    AbandonedStep(std::span<const StepPart> parts, const std::atomic<bool>& isStopping)
        : m_parts(parts), m_isStopping(isStopping)
    {
    }
    void layerDone(int, const Tensor&) override
    {
        const auto isUnwanted = [](const StepPart& part) { return part.request->stop.stop_requested(); };
        if (m_isStopping || std::all_of(m_parts.begin(), m_parts.end(), isUnwanted))
            throw Cancelled();
    }

private:
    std::span<const StepPart> m_parts;
    const std::atomic<bool>& m_isStopping;
};

/// Where numbers first stop being finite.
class FirstDamagedLayer final : public nn::LayerObserver {
public:
    void layerDone(int layer, const Tensor& hidden) override
    {
        if (m_layer < 0 && hidden &&
            !std::all_of(hidden.f32(), hidden.f32() + hidden.count(), [](float x) { return std::isfinite(x); }))
            m_layer = layer;
    }
    int layer() const { return m_layer; } // -1: none

private:
    int m_layer = -1;
};

class Watch { // of the model's steps, for as long as it lives
public:
    Watch(models::Model& model, nn::LayerObserver& layers, nn::SpanObserver* spans = nullptr) : m_model(model)
    {
        m_model.layerObserver = &layers;
        m_model.spanObserver = spans;
    }
    ~Watch()
    {
        m_model.layerObserver = nullptr;
        m_model.spanObserver = nullptr;
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

private:
    models::Model& m_model;
};

bool isTraced(std::span<const StepPart> parts)
{
    return std::any_of(parts.begin(), parts.end(), [](const StepPart& part) { return part.request->recorder() != nullptr; });
}

std::span<const int32_t> tokensOf(const StepPart& part)
{
    if (part.nGuesses > 0)
        return part.request->ahead;
    return std::span<const int32_t>(part.request->tokens).subspan(size_t(part.first), size_t(part.nTokens));
}

} // namespace

void Scheduler::State::step()
{
    if (costsAreOld.exchange(false)) {
        costs = StepCosts();
        if (draft)
            draft->forgetCosts();
    }
    std::vector<StepPart> parts = plan();
    if (makeRoom(parts))
        run(parts);
}

void Scheduler::State::run(std::span<const StepPart> parts)
{
    const auto rollBack = [&] {
        for (const StepPart& part : parts) {
            if (part.request->cache.length() > part.first)
                part.request->cache.truncate(part.first);
        }
    };

    Tensor logits;
    try {
        logits = compute(parts);
    } catch (const Cancelled&) { // abandoned between two layers
        rollBack();
        return;
    } catch (const OutOfMemory&) {
        rollBack();
        if (running.size() > 1) {
            preempt(*victim());
            nMostNow = int(running.size()); // or it would be back at once
        } else {
            fail(*parts.front().request, std::current_exception());
        }
        return;
    } catch (...) {
        rollBack();
        if (parts.size() == 1) {
            fail(*parts.front().request, std::current_exception());
            return;
        }
        // Whose fault it was shows when each goes alone; the others lose nothing.
        for (const StepPart& part : parts) {
            if (std::find(running.begin(), running.end(), part.request) != running.end() &&
                part.request->cache.length() == part.first)
                run({&part, 1});
        }
        return;
    }
    settle(parts, logits);
}

Tensor Scheduler::State::compute(std::span<const StepPart> parts)
{
    std::vector<models::SequenceStep> steps;
    int64_t nTokens = 0, nRows = 0;
    for (const StepPart& part : parts) {
        steps.push_back({&part.request->cache, tokensOf(part), part.logits, part.request->recorder(), options.expertMass,
                         part.request->adapter});
        nTokens += part.nTokens;
        nRows += part.nRows();
    }
    const StepLock::Turn turn(stepLock);
    AbandonedStep abandoned(parts, isStopping);
    const bool hasTrace = isTraced(parts);
    const Watch watch(model, abandoned, hasTrace ? &spans : nullptr);
    if (hasTrace) {
        spans.beginStep();
        for (const StepPart& part : parts) {
            if (inspect::TraceRecorder* recorder = part.request->recorder())
                recorder->beginStep(part.first, part.nTokens);
        }
    }
    const auto start = Clock::now();
    try {
        Tensor logits = model.step(context, steps);
        learn(parts, std::chrono::duration<double>(Clock::now() - start).count());
        return logits;
    } catch (const std::bad_alloc&) { // from somewhere that knows no sizes: say what a step of this size takes
        throw OutOfMemory("cpu", model.computeBytes(nTokens, nRows), 0);
    }
}

void Scheduler::State::learn(std::span<const StepPart> parts, double seconds)
{
    int64_t nPrompt = 0, nOthers = 0;
    for (const StepPart& part : parts)
        (part.request->generation && part.request->nAnswer() > 0 && part.nRows() > 0 ? nOthers : nPrompt) += part.nTokens;
    if (seconds <= 0)
        return;
    if (nPrompt == 0)
        return costs.measured(int(nOthers), seconds);
    if (nPrompt >= kTellingPiece) {
        const double rate = double(nPrompt) / seconds;
        prefillRate = prefillRate == 0 ? rate : 0.5 * (prefillRate + rate);
    }
    if (nOthers == 0)
        return;
    // Too long: at once as much less as it was too long; too short: a little more, if the piece was as large as it might be.
    const double ratio = options.sharedStepTime.count() / seconds;
    const auto piece = double(nPrompt);
    if (ratio < 1)
        sharedPiece = piece * std::max(ratio, 0.25);
    else if (piece + 1 >= sharedPiece)
        sharedPiece = piece * std::min(ratio, 1.3) + 1;
}

/// The tokens that one request gets from a step.
struct Scheduler::State::Draw {
    Request* request;
    const StepPart* part;
    int64_t row; // the first
    std::vector<Choice> choices;
    bool isComplete = false; // nothing can follow the last one
    std::exception_ptr error;
};

void Scheduler::State::settle(std::span<const StepPart> parts, const Tensor& logits)
{
    std::vector<Draw> draws;
    int64_t row = 0;
    for (const StepPart& part : parts) {
        if (part.request->generation && part.nRows() > 0)
            draws.push_back({part.request, &part, row, {}, false, nullptr});
        row += part.nRows();
    }
    assert(row == 0 || logits.rows() == row);
    const int64_t nVocabulary = model.config().nVocabulary;
    const auto rows = [&](int64_t first, int64_t n) {
        return std::span<const float>(logits.f32() + first * nVocabulary, size_t(n * nVocabulary));
    };
    {
        const nn::Span span(isTraced(parts) ? &spans : nullptr, nn::SpanKind::sampling);
        context.pool.parallelFor(int64_t(draws.size()), 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                Draw& draw = draws[size_t(i)];
                choose(draw, rows(draw.row, draw.part->nGuesses + 1));
            }
        });
    }
    for (const StepPart& part : parts) { // before anybody hears of the tokens: a request that ends is gone
        if (inspect::TraceRecorder* recorder = part.request->recorder())
            recorder->endStep(spans);
    }

    row = 0;
    auto draw = draws.begin();
    for (const StepPart& part : parts) {
        Request& request = *part.request;
        const int64_t firstRow = std::exchange(row, row + part.nRows());
        if (request.score) {
            if (part.logits == LogitsWanted::all) {
                request.nRowsDone = part.first + part.nTokens;
                try {
                    if (request.score->onRows)
                        request.score->onRows(rows(firstRow, part.nTokens), part.first);
                } catch (...) {
                    fail(request, std::current_exception());
                    continue;
                }
            }
            if (request.nLeft() == 0)
                finish(request, Finish::stop);
        } else if (part.nRows() > 0) {
            acceptAll(request, *draw++);
        } else {
            report(request);
        }
    }
}

// Token by token, each from its own row, as if the guesses had not been there: a wrong one only ends the list.
void Scheduler::State::choose(Draw& draw, std::span<const float> rows)
{
    Request& request = *draw.request;
    const size_t nBefore = request.tokens.size();
    const int nGuesses = draw.part->nGuesses;
    const size_t nVocabulary = rows.size() / size_t(nGuesses + 1);
    try {
        for (int i = 0; i <= nGuesses; ++i) {
            const Choice choice = request.chooser->choose(rows.subspan(size_t(i) * nVocabulary, nVocabulary),
                                                          {request.tokens, size_t(request.nPrompt)},
                                                          request.parse ? &request.parse->mask() : nullptr);
            draw.choices.push_back(choice);
            if (request.parse) {
                request.parse->advance(choice.id);
                draw.isComplete = request.parse->mustEnd();
            }
            const auto& ends = request.generation->endIds;
            if (draw.isComplete || i == nGuesses || choice.id != request.ahead[size_t(i) + 1] ||
                std::find(ends.begin(), ends.end(), choice.id) != ends.end())
                break;
            request.tokens.push_back(choice.id);
        }
    } catch (...) {
        draw.error = std::current_exception(); // what was chosen before it still counts
    }
    request.tokens.resize(nBefore);
}

void Scheduler::State::acceptAll(Request& request, const Draw& draw)
{
    if (draw.part->nGuesses > 0) {
        // The cache holds the last token and all guesses; what belongs to the answer is the last token and the guesses that
        // came true.
        const auto nTrue = int64_t(draw.choices.empty() ? 0 : draw.choices.size() - 1);
        request.cache.truncate(int64_t(request.tokens.size()) + nTrue);
        verified(request, *draw.part, nTrue);
    }
    for (size_t i = 0; i < draw.choices.size(); ++i) {
        if (i > 0 && request.stop.stop_requested())
            return finish(request, Finish::cancelled);
        if (!accept(request, draw.choices[i], draw.isComplete && i + 1 == draw.choices.size()))
            return;
    }
    if (draw.error)
        fail(request, explained(request, draw.error));
}

/// False when the request has come to its end.
bool Scheduler::State::accept(Request& request, const Choice& choice, bool isComplete)
{
    const GenerationTask& task = *request.generation;
    const auto now = Clock::now();
    const auto sinceLast = now - request.lastToken;
    const bool isFirst = request.nAnswer() == 0;
    if (isFirst) {
        request.firstToken = now;
        request.cache.publish(); // another question about the same document may begin at once
    }
    request.lastToken = now;
    request.tokens.push_back(choice.id);
    bool isWanted = true;
    try {
        if (isFirst && task.onProgress)
            task.onProgress({request.nPrompt, request.nPrompt, 0});
        if (task.onToken)
            isWanted = task.onToken({choice.id, choice.logprob, sinceLast});
    } catch (...) {
        fail(request, std::current_exception());
        return false;
    }
    if (!isWanted || isComplete || std::find(task.endIds.begin(), task.endIds.end(), choice.id) != task.endIds.end()) {
        finish(request, Finish::stop);
        return false;
    }
    if ((task.maxTokens > 0 && request.nAnswer() >= task.maxTokens) || int64_t(request.tokens.size()) > contextLength) {
        finish(request, Finish::length);
        return false;
    }
    return true;
}

void Scheduler::State::report(Request& request)
{
    if (request.nAnswer() > 0 || !request.generation->onProgress)
        return;
    try {
        request.generation->onProgress({request.cache.length(), request.nPrompt, 0});
    } catch (...) {
        fail(request, std::current_exception());
    }
}

/// Scores that are no numbers come from damaged weights: says from which layer on, by computing the last token once more.
std::exception_ptr Scheduler::State::explained(Request& request, std::exception_ptr error)
{
    try {
        std::rethrow_exception(error);
    } catch (const DeviceFailure& failure) {
        try {
            const int64_t last = int64_t(request.tokens.size()) - 1;
            request.cache.truncate(last);
            FirstDamagedLayer damage;
            const models::SequenceStep step{&request.cache, std::span<const int32_t>(request.tokens).subspan(size_t(last)),
                                            LogitsWanted::last, nullptr, options.expertMass, request.adapter};
            const StepLock::Turn turn(stepLock);
            const Watch watch(model, damage);
            model.step(context, {&step, 1});
            const std::string where =
                damage.layer() >= 0 ? "from layer blk." + std::to_string(damage.layer()) + " on" : "in the output layer";
            return std::make_exception_ptr(
                DeviceFailure(failure.device, failure.doing, failure.detail + "; they stop being finite " + where));
        } catch (...) {
            return error;
        }
    } catch (...) {
        return error;
    }
}

} // namespace sy::generate
