// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/model_weights.h"

#include "engine/api/engine_state.h"
#include "engine/core/error.h"

#include <algorithm>
#include <span>

namespace sy::api {

namespace {

// Packed between the steps: few large pieces when somebody wants the processor, a dozen milliseconds each.
constexpr int64_t kIdlePiece = 16 << 20, kBusyPiece = 64 << 20;

} // namespace

ModelWeights::ModelWeights(std::shared_ptr<Processor> processor, std::shared_ptr<const formats::ModelFile> file,
                           std::unique_ptr<models::Model> model)
    : m_processor(std::move(processor)), m_file(std::move(file)), m_model(std::move(model))
{
    m_model->eachMatrix([&](const Tensor& weight) { m_madeBytes += m_file->isInPages(weight) ? 0 : weight.bytes(); });
}

ModelMemory ModelWeights::memory() const
{
    ModelMemory memory;
    memory.ownBytes = std::max<uint64_t>(m_madeBytes, m_packedBytes); // what was made is packed like the rest, and then let go
    memory.awaitedBytes = m_model->weightBytes - std::min<uint64_t>(m_model->weightBytes, memory.ownBytes);
    return memory;
}

void ModelWeights::startPacking()
{
    const std::lock_guard lock(m_starting);
    if (m_isPacking)
        return;
    models::WeightPacking work(*m_model, [file = m_file](std::span<const std::byte> read) { file->notNeeded(read); });
    m_isPacking = true;
    m_packing = std::jthread([this, work = std::move(work)](std::stop_token stop) mutable {
        try {
            pack(work, stop);
        } catch (...) { // no memory: the rest stays as it is in the file, which is slower and no less right
        }
        m_end.set_value();
    });
}

void ModelWeights::pack(models::WeightPacking& work, const std::stop_token& stop)
{
    const ops::OpContext context{m_processor->pool};
    generate::StepLock& stepLock = m_processor->stepLock;
    while (!stop.stop_requested()) {
        const bool isBusy = stepLock.isContended();
        if (!work.choose(isBusy ? kBusyPiece : kIdlePiece))
            return;
        if (isBusy) { // half of the time, so that the steps go on meanwhile
            const auto start = std::chrono::steady_clock::now();
            work.prefetch();
            std::this_thread::sleep_for(std::chrono::steady_clock::now() - start);
        }
        const generate::StepLock::ShortTurn turn(stepLock);
        work.advance(context);
        m_packedBytes = work.packedBytes();
        m_packedShare = work.share();
    }
}

bool ModelWeights::waitFor(std::chrono::milliseconds patience) const
{
    return !m_isPacking || m_isSettled.wait_for(patience) == std::future_status::ready;
}

void ModelWeights::wait(const std::stop_token& stop) const
{
    while (!waitFor(std::chrono::milliseconds(50))) {
        if (stop.stop_requested())
            throw Cancelled();
    }
}

WeightStore::Key WeightStore::keyOf(const std::filesystem::path& file, bool isExact, const std::string& quantization)
{
    std::error_code ignored; // a file that is not there is reported by who opens it
    return {std::filesystem::weakly_canonical(file, ignored).string(), std::filesystem::last_write_time(file, ignored),
            isExact, quantization};
}

std::shared_ptr<ModelWeights> WeightStore::find(const Key& key)
{
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_known, [](const auto& entry) { return entry.second.expired(); });
    const auto found = m_known.find(key);
    return found == m_known.end() ? nullptr : found->second.lock();
}

std::shared_ptr<ModelWeights> WeightStore::add(const Key& key, std::shared_ptr<ModelWeights> made)
{
    const std::lock_guard lock(m_mutex);
    std::weak_ptr<ModelWeights>& known = m_known[key];
    if (auto there = known.lock())
        return there;
    known = made;
    return made;
}

} // namespace sy::api
