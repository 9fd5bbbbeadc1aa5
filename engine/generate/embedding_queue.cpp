// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/embedding_queue.h"

#include "engine/core/error.h"

#include <algorithm>
#include <exception>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>

namespace sy::generate {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kFirstStepTokens = 256; // before anything has been measured
constexpr int64_t kLeastStepTokens = 128;

} // namespace

/// One call of embed(). Lives on its caller's stack; the queue's thread forgets it before it is reported as done.
struct EmbeddingQueue::Job {
    std::span<const std::vector<int32_t>> texts;
    Priority priority;
    std::stop_token stop;
    uint64_t ticket;
    std::vector<size_t> order; // of texts, by rising length
    size_t nTaken = 0;         // of order
    size_t nDone = 0;
    std::vector<float> rows;
    std::exception_ptr error;
    bool isDone = false;
};

struct EmbeddingQueue::Item {
    Job* job;
    size_t text;
};

EmbeddingQueue::EmbeddingQueue(models::Model& model, const ops::OpContext& context, StepLock& stepLock, Options options)
    : m_model(model), m_context(context), m_stepLock(stepLock), m_options(options), m_thread([this] { loop(); })
{
}

EmbeddingQueue::~EmbeddingQueue()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isStopping = true;
        m_wake.notify_all();
    }
    m_thread.join();
}

std::vector<float> EmbeddingQueue::embed(std::span<const std::vector<int32_t>> texts, Priority priority, std::stop_token stop)
{
    const models::ModelConfig& config = m_model.config();
    for (const auto& text : texts) {
        if (text.empty() || int64_t(text.size()) > config.contextLength)
            throw std::invalid_argument("a text of " + std::to_string(text.size()) + " tokens; the model takes 1 to " +
                                        std::to_string(config.contextLength));
        for (const int32_t id : text) {
            if (id < 0 || id >= config.nVocabulary)
                throw std::invalid_argument("token " + std::to_string(id) + " is not one of the model's " +
                                            std::to_string(config.nVocabulary));
        }
    }
    if (texts.empty())
        return {};

    Job job{texts, priority, std::move(stop), 0, std::vector<size_t>(texts.size()), 0, 0, {}, {}, false};
    std::iota(job.order.begin(), job.order.end(), size_t(0));
    std::stable_sort(job.order.begin(), job.order.end(), [&](size_t a, size_t b) { return texts[a].size() < texts[b].size(); });
    job.rows.resize(texts.size() * size_t(config.dim));

    std::unique_lock lock(m_mutex);
    if (m_isStopping)
        throw Cancelled();
    job.ticket = m_nextTicket++;
    const auto comesFirst = [](const Job* a, const Job* b) {
        return std::tie(a->priority, a->ticket) < std::tie(b->priority, b->ticket);
    };
    m_jobs.insert(std::upper_bound(m_jobs.begin(), m_jobs.end(), &job, comesFirst), &job);
    m_wake.notify_all();
    m_done.wait(lock, [&] { return job.isDone; });
    if (job.error)
        std::rethrow_exception(job.error);
    return std::move(job.rows);
}

void EmbeddingQueue::loop()
{
    std::unique_lock lock(m_mutex);
    for (;;) {
        m_wake.wait(lock, [&] { return m_isStopping || !m_jobs.empty(); });
        std::erase_if(m_jobs, [&](Job* job) {
            if (!m_isStopping && !job->stop.stop_requested() && !job->error)
                return false;
            if (!job->error)
                job->error = std::make_exception_ptr(Cancelled());
            job->isDone = true;
            return true;
        });
        const std::vector<Item> batch = m_isStopping ? std::vector<Item>() : nextBatch();
        if (!batch.empty()) {
            lock.unlock();
            step(batch);
            lock.lock();
        }
        std::erase_if(m_jobs, [](Job* job) { return job->nDone == job->texts.size() && (job->isDone = true); });
        m_done.notify_all();
        if (m_isStopping && m_jobs.empty())
            return;
    }
}

std::vector<EmbeddingQueue::Item> EmbeddingQueue::nextBatch()
{
    const auto time = m_stepLock.isContended() ? m_options.sharedStepTime : m_options.stepTime;
    int64_t budget = m_rate == 0 ? kFirstStepTokens : std::max(int64_t(m_rate * time.count()), kLeastStepTokens);
    budget = std::min(budget, m_options.stepTokens);
    std::vector<Item> batch;
    for (Job* job : m_jobs) {
        for (; job->nTaken < job->order.size(); ++job->nTaken) {
            const size_t text = job->order[job->nTaken];
            const auto nTokens = int64_t(job->texts[text].size());
            if (!batch.empty() && nTokens > budget)
                break;
            budget -= nTokens;
            batch.push_back({job, text});
        }
    }
    return batch;
}

void EmbeddingQueue::step(const std::vector<Item>& batch)
{
    std::vector<std::vector<int32_t>> sequences;
    int64_t nTokens = 0;
    for (const Item& item : batch) {
        sequences.push_back(item.job->texts[item.text]);
        nTokens += int64_t(sequences.back().size());
    }
    try {
        Tensor rows;
        {
            const StepLock::Turn turn(m_stepLock);
            const auto start = Clock::now();
            rows = m_model.embed(m_context, sequences);
            const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
            if (seconds > 0)
                m_rate = m_rate == 0 ? double(nTokens) / seconds : 0.5 * (m_rate + double(nTokens) / seconds);
        }
        const auto dim = size_t(m_model.config().dim);
        for (size_t i = 0; i < batch.size(); ++i) {
            std::copy_n(rows.f32() + i * dim, dim, batch[i].job->rows.begin() + long(batch[i].text * dim));
            ++batch[i].job->nDone;
        }
    } catch (...) {
        const std::vector<Item> rest = batch; // alone, a text's error is its own job's
        if (rest.size() == 1) {
            rest.front().job->error = std::current_exception();
            return;
        }
        for (const Item& item : rest) {
            if (!item.job->error)
                step({item});
        }
    }
}

} // namespace sy::generate
