// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/scheduler.h"

#include "engine/core/error.h"
#include "engine/generate/scheduler_state.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace sy::generate {

namespace {

/// Tokens that an answer is expected to need soon. Room for less than that is not worth beginning with: the request would
/// have to give its pages up again after a few steps.
constexpr int64_t kRoomToBegin = 64;

double perSecond(int64_t n, Clock::duration time)
{
    const double seconds = std::chrono::duration<double>(time).count();
    return n > 0 && seconds > 0 ? double(n) / seconds : 0;
}

bool comesFirst(const Request* a, const Request* b)
{
    return std::tie(a->priority, a->ticket) < std::tie(b->priority, b->ticket);
}

} // namespace

Scheduler::Scheduler(models::Model& model, nn::KvPool& pool, const ops::OpContext& context, StepLock& stepLock,
                     int64_t contextLength, SchedulerOptions options, DraftModel* draft)
    : m_state(std::make_unique<State>(model, pool, context, stepLock, contextLength, options, draft))
{
    if (contextLength < 1 || options.nMostRunning < 1 || options.stepTokens < 1)
        throw std::invalid_argument("Scheduler: context length, sequences and tokens of a step are at least 1");
    if (!(options.expertMass > 0 && options.expertMass <= 1))
        throw std::invalid_argument("Scheduler: the experts' share is above 0 and at most 1");
    m_state->thread = std::thread([state = m_state.get()] { state->loop(); });
}

Scheduler::~Scheduler()
{
    {
        const std::lock_guard lock(m_state->mutex);
        m_state->isStopping = true;
    }
    m_state->wake.notify_all();
    m_state->thread.join();
}

void Scheduler::forgetCosts()
{
    m_state->costsAreOld = true;
}

int Scheduler::nRunning() const
{
    return m_state->nRunning;
}

int Scheduler::nWaiting() const
{
    return m_state->nWaiting;
}

GenerationOutcome Scheduler::generate(GenerationTask task, std::stop_token stop)
{
    m_state->checkTokens(task.prompt);
    Request request(m_state->pool, task.adapter);
    request.tokens = std::move(task.prompt);
    request.generation = &task;
    request.priority = task.priority;
    request.stop = std::move(stop);
    request.chooser.emplace(task.sampling);
    if (task.grammar)
        request.parse.emplace(task.grammar);
    // A wrong guess is taken back, which passed windows and recurrent states do not allow.
    if (task.guessesAhead && !task.recorder && m_state->options.nMostGuesses > 0 && !m_state->pool.layout().forgets())
        request.lookup.emplace();
    request.outcome.promptTokens = int64_t(request.tokens.size());
    m_state->submitAndWait(request);
    return std::move(request.outcome);
}

void Scheduler::score(ScoreTask task, std::stop_token stop)
{
    m_state->checkTokens(task.tokens);
    if (task.stepTokens < 1)
        throw std::invalid_argument("a step has at least one position");
    Request request(m_state->pool, task.adapter);
    request.tokens = std::move(task.tokens);
    request.score = &task;
    request.priority = task.priority;
    request.stop = std::move(stop);
    m_state->submitAndWait(request);
    if (request.outcome.finish == Finish::cancelled)
        throw Cancelled();
}

void Scheduler::State::checkTokens(std::span<const int32_t> tokens) const
{
    if (tokens.empty())
        throw std::invalid_argument("the prompt is empty");
    if (int64_t(tokens.size()) > contextLength)
        throw std::invalid_argument("the prompt has " + std::to_string(tokens.size()) + " tokens and the context holds " +
                                    std::to_string(contextLength));
    const int64_t nVocabulary = model.config().nVocabulary;
    for (const int32_t id : tokens) {
        if (id < 0 || id >= nVocabulary)
            throw std::invalid_argument("token " + std::to_string(id) + " is not one of the model's " +
                                        std::to_string(nVocabulary));
    }
}

void Scheduler::State::submitAndWait(Request& request)
{
    request.nPrompt = int64_t(request.tokens.size());
    request.submitted = request.lastToken = Clock::now();
    std::future<void> done = request.done.get_future();
    {
        const std::lock_guard lock(mutex);
        if (isStopping)
            throw Cancelled();
        arrived.push_back(&request);
        ++nWaiting;
        wake.notify_one(); // under the lock: afterwards the answer may be complete and the scheduler gone
    }
    done.get();
}

void Scheduler::State::loop()
{
    for (;;) {
        bool isLast = false;
        {
            std::unique_lock lock(mutex);
            wake.wait(lock, [&] { return isStopping || !arrived.empty() || !waiting.empty() || !running.empty(); });
            for (Request* request : std::exchange(arrived, {})) {
                request->ticket = nextTicket++;
                waiting.push_back(request);
            }
            isLast = isStopping;
        }
        std::sort(waiting.begin(), waiting.end(), comesFirst);
        if (isLast) {
            while (!waiting.empty())
                finish(*waiting.back(), Finish::cancelled);
            while (!running.empty())
                finish(*running.back(), Finish::cancelled);
            return;
        }
        settleCancelled();
        admit();
        reportQueue();
        if (running.empty())
            continue;
        try {
            step();
        } catch (...) { // a step deals with what it knows; whatever is left, such as no memory for its own lists, ends what
                        // was running
            const std::exception_ptr error = std::current_exception();
            while (!running.empty())
                fail(*running.back(), error);
        }
    }
}

void Scheduler::State::settleCancelled()
{
    for (const auto& list : {waiting, running}) { // copies: finish() takes requests out
        for (Request* request : list) {
            if (request->stop.stop_requested())
                finish(*request, Finish::cancelled);
        }
    }
}

bool Scheduler::State::hasRoomFor(const Request& request) const
{
    if (running.empty())
        return true; // alone it may always try: if it does not fit then, it never will, and step() says so
    if (int(running.size()) >= nMostNow)
        return false;
    int64_t wanted = int64_t(request.tokens.size()) + kRoomToBegin;
    for (const Request* other : running)
        wanted += other->nLeft() + kRoomToBegin; // what those running still need
    return wanted <= pool.freeTokens();
}

void Scheduler::State::admit()
{
    while (!waiting.empty()) {
        Request* request = waiting.front();
        if (hasRoomFor(*request)) {
            waiting.erase(waiting.begin());
            running.push_back(request);
            --nWaiting;
            ++nRunning;
            continue;
        }
        Request* last = victim();
        if (last->priority <= request->priority)
            return;
        preempt(*last);
        std::sort(waiting.begin(), waiting.end(), comesFirst);
    }
}

void Scheduler::State::reportQueue()
{
    for (size_t i = 0; i < waiting.size(); ++i) {
        Request& request = *waiting[i];
        const int position = int(i) + 1;
        if (request.queuePosition == position || !request.generation || !request.generation->onProgress)
            continue;
        request.queuePosition = position;
        try {
            request.generation->onProgress({0, request.nPrompt, position});
        } catch (...) {
            fail(request, std::current_exception());
            --i;
        }
    }
}

void Scheduler::State::remove(Request& request)
{
    if (std::erase(waiting, &request))
        --nWaiting;
    if (std::erase(running, &request))
        --nRunning;
    request.cache.truncate(0);
    if (request.draft)
        draft->release(*request.draft);
    nMostNow = options.nMostRunning;
}

void Scheduler::State::finish(Request& request, Finish how)
{
    GenerationOutcome& outcome = request.outcome;
    outcome.finish = how;
    outcome.ids.assign(request.tokens.begin() + request.nPrompt, request.tokens.end());
    if (request.nAnswer() > 0) {
        outcome.untilFirstToken = request.firstToken - request.submitted;
        outcome.prefillTokensPerSecond =
            perSecond(request.nPrompt - outcome.cachedTokens, request.firstToken - request.begun);
        outcome.decodeTokensPerSecond = perSecond(request.nAnswer() - 1, request.lastToken - request.firstToken);
    }
    if (request.generation)
        request.cache.publish(); // the next turn of this chat begins with what was just said
    remove(request);
    std::promise<void> done = std::move(request.done); // the waiting thread may destroy the request before set_value returns
    done.set_value();
}

void Scheduler::State::fail(Request& request, std::exception_ptr error)
{
    remove(request);
    std::promise<void> done = std::move(request.done);
    done.set_exception(std::move(error));
}

} // namespace sy::generate
