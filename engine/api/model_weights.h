// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api.
#pragma once

#include "engine/api/model_memory.h"
#include "engine/cpu/thread_pool.h"
#include "engine/formats/model_file.h"
#include "engine/generate/step_lock.h"
#include "engine/models/model.h"
#include "engine/models/weight_packing.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace sy::api {

struct Processor;

/// A model's weights in memory, once for all that compute with them: chats of any settings, and training.
class ModelWeights {
public:
    /// file: where the model comes from.
    ModelWeights(std::shared_ptr<Processor> processor, std::shared_ptr<const formats::ModelFile> file,
                 std::unique_ptr<models::Model> model);

    models::Model& model() const { return *m_model; }

    /// Exchanges the matrices for the form that products read fastest, in the background and once. Throws OutOfMemory.
    void startPacking();

    /// Nothing is being exchanged any more: the model may be looked at without a turn at the processor.
    bool isSettled() const { return waitFor(std::chrono::milliseconds(0)); }
    bool waitFor(std::chrono::milliseconds patience) const; // returns isSettled()
    void wait(const std::stop_token& stop) const;           // until it is. Throws Cancelled
    float packedShare() const { return m_packedShare; }     // of the bytes: 0 to 1

    ModelMemory memory() const;

private:
    void pack(models::WeightPacking& work, const std::stop_token& stop);

    std::shared_ptr<Processor> m_processor;
    std::shared_ptr<const formats::ModelFile> m_file;
    std::unique_ptr<models::Model> m_model;
    uint64_t m_madeBytes = 0; // of the weights as they were loaded, what does not lie in pages of the file
    std::mutex m_starting;
    std::promise<void> m_end;
    std::shared_future<void> m_isSettled = m_end.get_future().share();
    std::atomic<bool> m_isPacking = false;
    std::atomic<float> m_packedShare = 0;
    std::atomic<uint64_t> m_packedBytes = 0;
    std::jthread m_packing; // the last member, so that it ends first
};

/// The weights in memory, by where they come from. Thread-safe.
class WeightStore {
public:
    struct Key {
        std::string file; // canonical
        std::filesystem::file_time_type changed;
        bool isExact = false;
        std::string quantization;
        auto operator<=>(const Key&) const = default;
    };
    static Key keyOf(const std::filesystem::path& file, bool isExact = false, const std::string& quantization = {});

    std::shared_ptr<ModelWeights> find(const Key& key);

    /// Those of the key that are there already, otherwise `made`, which is there from now on.
    std::shared_ptr<ModelWeights> add(const Key& key, std::shared_ptr<ModelWeights> made);

private:
    std::mutex m_mutex;
    std::map<Key, std::weak_ptr<ModelWeights>> m_known;
};

} // namespace sy::api
