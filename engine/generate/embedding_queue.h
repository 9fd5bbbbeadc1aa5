// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/scheduler.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

namespace sy::generate {

/// Embeds texts with one embedding model. Calls from several threads share the model's steps: a question that is asked while a
/// folder is being indexed goes into the next step, ahead of the folder's chunks.
class EmbeddingQueue {
public:
    struct Options {
        int64_t stepTokens = 1024;                         // tokens in one step, at most (one text always goes)
        std::chrono::duration<double> stepTime{0.4};       // texts are gathered until a step takes about this long,
        std::chrono::duration<double> sharedStepTime{0.1}; // and this long while another model is being stepped
    };

    /// model, the context's thread pool and stepLock must outlive the queue.
    EmbeddingQueue(models::Model& model, const ops::OpContext& context, StepLock& stepLock) // with the default options
        : EmbeddingQueue(model, context, stepLock, Options())
    {
    }
    EmbeddingQueue(models::Model& model, const ops::OpContext& context, StepLock& stepLock, Options options);
    ~EmbeddingQueue(); // calls that still wait throw Cancelled

    /// Blocks until all are done. texts: complete token sequences, special tokens included, 1 … context length tokens each.
    /// Returns (texts.size(), dim) row-major, as the model pools them, not normalized. Long and short texts are taken in
    /// order of length, so that a step's attention is alike for all its texts; the result is in the order of `texts`.
    /// Throws std::invalid_argument for an empty or too long text or a token outside the vocabulary, Cancelled within one step of
    /// a request to stop, and whatever the model throws.
    std::vector<float> embed(std::span<const std::vector<int32_t>> texts, Priority priority, std::stop_token stop = {});

    int64_t dim() const { return m_model.config().dim; }

private:
    struct Job;
    struct Item;

    void loop();
    std::vector<Item> nextBatch(); // with the lock held
    void step(const std::vector<Item>& batch);

    models::Model& m_model;
    const ops::OpContext m_context;
    StepLock& m_stepLock;
    const Options m_options;

    std::mutex m_mutex; // guards what follows, and the jobs
    std::condition_variable m_wake, m_done;
    std::vector<Job*> m_jobs; // in order of service
    uint64_t m_nextTicket = 0;
    bool m_isStopping = false;
    double m_rate = 0; // tokens per second, as measured
    std::thread m_thread;
};

} // namespace sy::generate
