// SPDX-License-Identifier: GPL-3.0-or-later
// A step, from the choice of its parts to the tokens that come out of it.
#include "engine/core/error.h"
#include "engine/generate/scheduler_state.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace sy::generate {

namespace {

using models::LogitsWanted;

constexpr int64_t kLeastPiece = 16;        // of a prompt: below this the weights' traffic is all that counts
constexpr int64_t kFirstPiece = 128;       // before anything has been measured
constexpr int64_t kFirstSharedPiece = 32;

int64_t pagesFor(int64_t nTokens)
{
    return (nTokens + nn::KvLayout::kPageTokens - 1) / nn::KvLayout::kPageTokens;
}

int64_t newPages(std::span<const StepPart> parts)
{
    int64_t n = 0;
    for (const StepPart& part : parts)
        n += pagesFor(part.first + part.nTokens) - pagesFor(part.first);
    return n;
}

} // namespace

void Scheduler::State::step()
{
    std::vector<StepPart> parts = plan();
    if (makeRoom(parts))
        run(parts);
}

int64_t Scheduler::State::promptBudget(bool isShared) const
{
    if (prefillRate == 0)
        return std::min(isShared ? kFirstSharedPiece : kFirstPiece, options.stepTokens);
    const auto time = isShared || stepLock.isContended() ? options.sharedStepTime : options.stepTime;
    const auto n = int64_t(prefillRate * time.count()) / kLeastPiece * kLeastPiece;
    return std::min(std::max(n, kLeastPiece), options.stepTokens);
}

std::vector<StepPart> Scheduler::State::plan()
{
    std::vector<StepPart> parts;
    std::vector<Request*> prompts;
    for (Request* request : running) {
        if (request->isDecoding())
            parts.push_back({request, request->cache.length(), 1, LogitsWanted::last});
        else
            prompts.push_back(request);
    }

    // Of one priority the prompt with the least left goes first, so that a short question does not wait behind a long
    // document; waiting counts as progress, so that nobody waits for ever.
    const auto now = Clock::now();
    const auto urgency = [&](const Request* r) {
        const double waited = std::chrono::duration<double>(now - r->submitted).count();
        return double(r->nLeft()) - waited * std::max(prefillRate, 1.0) * 0.5;
    };
    std::stable_sort(prompts.begin(), prompts.end(), [&](const Request* a, const Request* b) {
        return a->priority != b->priority ? a->priority < b->priority : urgency(a) < urgency(b);
    });

    const bool isAlone = parts.empty() && prompts.size() == 1;
    int64_t budget = promptBudget(!parts.empty());
    for (Request* request : prompts) {
        if (budget <= 0)
            break;
        if (request->cache.length() == 0 && request->generation) {
            const int64_t nCached = request->cache.adoptPrefix(request->tokens);
            if (!request->hasBegun)
                request->outcome.cachedTokens = nCached;
        }
        if (!request->hasBegun)
            request->begun = now;
        request->hasBegun = true;

        const int64_t first = request->cache.length();
        StepPart part{request, first, std::min(request->nLeft(), budget), LogitsWanted::none};
        if (request->score) {
            if (isAlone)
                part.nTokens = request->nLeft();
            part.nTokens = std::min(part.nTokens, request->score->stepTokens);
            if (first < request->nRowsDone) // computed before, and given up for want of memory
                part.nTokens = std::min(part.nTokens, request->nRowsDone - first);
            else
                part.logits = LogitsWanted::all;
        } else if (part.nTokens == request->nLeft()) {
            part.logits = LogitsWanted::last;
        }
        budget -= part.nTokens;
        parts.push_back(part);
    }
    return parts;
}

// Asked before the step, because a step that fails says only that something did not fit.
bool Scheduler::State::makeRoom(std::vector<StepPart>& parts)
{
    for (;;) {
        if (parts.empty())
            return false;
        const int64_t wanted = newPages(parts), free = pool.freeTokens() / nn::KvLayout::kPageTokens;
        if (wanted <= free)
            return true;
        if (running.size() > 1) {
            Request* given = victim();
            std::erase_if(parts, [&](const StepPart& part) { return part.request == given; });
            preempt(*given);
            continue;
        }
        Request& request = *running.front();
        if (request.nAnswer() > 0) {
            finish(request, Finish::length);
        } else {
            const size_t pageBytes = pool.layout().pageBytes();
            fail(request, std::make_exception_ptr(OutOfMemory("cpu", uint64_t(wanted) * pageBytes, uint64_t(free) * pageBytes)));
        }
        return false;
    }
}

Request* Scheduler::State::victim() const
{
    return *std::max_element(running.begin(), running.end(), [](const Request* a, const Request* b) {
        return std::tie(a->priority, a->ticket) < std::tie(b->priority, b->ticket);
    });
}

// Whole pages stay findable as long as nobody needs the room. What has been said stays in `tokens` and is computed again; the
// draws already taken stay taken, so the answer goes on as if nothing had happened.
void Scheduler::State::preempt(Request& request)
{
    if (request.generation)
        request.cache.publish();
    request.cache.truncate(0);
    request.queuePosition = -1;
    std::erase(running, &request);
    waiting.push_back(&request); // sorted by ticket before anybody is admitted
    --nRunning;
    ++nWaiting;
}

void Scheduler::State::run(std::span<const StepPart> parts)
{
    std::vector<models::SequenceStep> steps;
    int64_t nPromptTokens = 0;
    for (const StepPart& part : parts) {
        const auto tokens = std::span<const int32_t>(part.request->tokens).subspan(size_t(part.first), size_t(part.nTokens));
        steps.push_back({&part.request->cache, tokens, part.logits});
        if (!part.request->isDecoding())
            nPromptTokens += part.nTokens;
    }
    const auto rollBack = [&] {
        for (const StepPart& part : parts) {
            if (part.request->cache.length() > part.first)
                part.request->cache.truncate(part.first);
        }
    };

    Tensor logits;
    try {
        const StepLock::Turn turn(stepLock);
        const auto start = Clock::now();
        logits = model.step(context, steps);
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (nPromptTokens >= kLeastPiece && seconds > 0) {
            const double rate = double(nPromptTokens) / seconds;
            prefillRate = prefillRate == 0 ? rate : 0.5 * (prefillRate + rate);
        }
    } catch (const OutOfMemory&) {
        rollBack();
        if (running.size() > 1)
            preempt(*victim());
        else
            fail(*parts.front().request, std::current_exception());
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

void Scheduler::State::settle(std::span<const StepPart> parts, const Tensor& logits)
{
    struct Draw {
        Request* request;
        int64_t row;
        Choice choice{};
        std::exception_ptr error;
    };
    std::vector<Draw> draws;
    int64_t row = 0;
    for (const StepPart& part : parts) {
        if (part.request->generation && part.nRows() == 1)
            draws.push_back({part.request, row});
        row += part.nRows();
    }
    assert(row == 0 || logits.rows() == row);
    const int64_t nVocabulary = model.config().nVocabulary;
    const auto rows = [&](int64_t first, int64_t n) {
        return std::span<const float>(logits.f32() + first * nVocabulary, size_t(n * nVocabulary));
    };

    const auto choose = [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            Draw& draw = draws[size_t(i)];
            try {
                Request& request = *draw.request;
                draw.choice = request.chooser->choose(rows(draw.row, 1), {request.tokens, size_t(request.nPrompt)},
                                                      request.parse ? &request.parse->mask() : nullptr);
            } catch (...) {
                draw.error = std::current_exception();
            }
        }
    };
    context.pool.parallelFor(int64_t(draws.size()), 1, choose);

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
        } else if (part.nRows() == 1) {
            const Draw& own = *draw++;
            if (own.error)
                fail(request, own.error);
            else
                accept(request, own.choice);
        } else {
            report(request);
        }
    }
}

void Scheduler::State::accept(Request& request, const Choice& choice)
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
    bool isWanted = true, isComplete = false;
    try {
        if (request.parse) {
            request.parse->advance(choice.id);
            isComplete = request.parse->mustEnd();
        }
        if (isFirst && task.onProgress)
            task.onProgress({request.nPrompt, request.nPrompt, 0});
        if (task.onToken)
            isWanted = task.onToken({choice.id, choice.logprob, sinceLast});
    } catch (...) {
        fail(request, std::current_exception());
        return;
    }
    if (!isWanted || isComplete || std::find(task.endIds.begin(), task.endIds.end(), choice.id) != task.endIds.end())
        finish(request, Finish::stop);
    else if ((task.maxTokens > 0 && request.nAnswer() >= task.maxTokens) || int64_t(request.tokens.size()) > contextLength)
        finish(request, Finish::length);
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

} // namespace sy::generate
