// SPDX-License-Identifier: GPL-3.0-or-later
// What goes into a step, and who gives way when it does not fit.
#include "engine/core/error.h"
#include "engine/generate/scheduler_state.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sy::generate {

namespace {

using models::LogitsWanted;

constexpr int64_t kLeastPiece = 16;  // of a prompt: below this the weights' traffic is all that counts
constexpr int64_t kFirstPiece = 128; // before anything has been measured
constexpr int64_t kFirstSharedPiece = 8;
constexpr int64_t kLeastSharedPiece = 4; // so that prompts go on beside however many answers

int64_t newPages(std::span<const StepPart> parts)
{
    int64_t n = 0;
    for (const StepPart& part : parts)
        n += int64_t(nn::KvLayout::pagesFor(part.first + part.nTokens) - nn::KvLayout::pagesFor(part.first));
    return n;
}

} // namespace

int64_t Scheduler::State::promptBudget(bool isShared) const
{
    if (isShared) {
        const double piece = sharedPiece > 0
                                 ? sharedPiece
                                 : std::max(double(kFirstSharedPiece), 0.3 * prefillRate * options.sharedStepTime.count());
        return std::clamp(int64_t(piece), std::min(kLeastSharedPiece, options.stepTokens), options.stepTokens);
    }
    if (prefillRate == 0)
        return std::min(kFirstPiece, options.stepTokens);
    const auto time = stepLock.isContended() ? options.sharedStepTime : options.stepTime;
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
    if (prompts.empty())
        guess(parts); // beside a prompt the room is for the prompt
    int64_t budget = promptBudget(!parts.empty());
    for (Request* request : prompts) {
        if (budget <= 0)
            break;
        if (request->cache.length() == 0 && request->generation && !request->recorder()) {
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
        if (newPages(parts) > pool.freeTokens() / nn::KvLayout::kPageTokens) {
            for (StepPart& part : parts) { // guesses are the first to go
                if (part.nGuesses > 0)
                    part = {part.request, part.first, 1, LogitsWanted::last};
            }
        }
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
            fail(request,
                 std::make_exception_ptr(OutOfMemory("cpu", uint64_t(wanted) * pageBytes, uint64_t(free) * pageBytes)));
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

// Whole pages stay findable as long as nobody needs the room. What has been said stays in `tokens` and is computed again;
// the draws already taken stay taken, so the answer goes on as if nothing had happened.
void Scheduler::State::preempt(Request& request)
{
    if (request.generation)
        request.cache.publish();
    request.cache.truncate(0);
    if (request.draft)
        draft->release(*request.draft);
    request.queuePosition = -1;
    std::erase(running, &request);
    waiting.push_back(&request); // sorted by ticket before anybody is admitted
    --nRunning;
    ++nWaiting;
}

} // namespace sy::generate
