// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/engine_functions.h"
#include "engine/core/error.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sy::app::test {

/// Merging adapters in memory: the new models go into the list that it is given.
class FakeMerging {
public:
    FakeMerging(std::mutex& mutex, std::vector<api::ModelEntry>& models) : m_mutex(mutex), m_models(models) {}
    void addTo(AdapterFunctions& f);

    api::MergePlan plan{.inBytes = 1'117'000'000, .outBytes = 1'117'320'000, .availableBytes = 21'000'000'000, .nMatrices = 196};
    std::vector<MergeRequest> begun;
    std::function<void()> before;    // may throw
    std::atomic<bool> holds = false; // at 43 % until this is false, or it is stopped
    std::atomic<bool> holdsMeasuring = false;

private:
    std::mutex& m_mutex;
    std::vector<api::ModelEntry>& m_models;
};

inline void FakeMerging::addTo(AdapterFunctions& f)
{
    f.planMerge =
        [this](const MergeRequest& request, std::stop_token) {
            const std::lock_guard lock(m_mutex);
            api::MergePlan now = plan;
            now.isThere = now.isThere || std::any_of(m_models.begin(), m_models.end(), [&](const api::ModelEntry& m) { return m.path == request.out; });
            return now;
        };
    f.merge =
        [this](const MergeRequest& request, std::stop_token stop, const ByteProgress& progress) {
            {
                const std::lock_guard lock(m_mutex);
                begun.push_back(request);
            }
            if (before)
                before();
            progress(430, 1000);
            while (holds && !stop.stop_requested())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (stop.stop_requested())
                throw Cancelled();
            const std::lock_guard lock(m_mutex);
            const std::string id = request.out.stem().string();
            std::erase_if(m_models, [&](const api::ModelEntry& m) { return m.id == id; });
            m_models.insert(m_models.begin(), {.id = id, .name = "Tiny Chat (" + request.options.name + ")", .path = request.out, .bytes = plan.outBytes, .architecture = "qwen2"});
            return MergedFile{{plan.inBytes, plan.outBytes, plan.nMatrices}, id};
        };
    f.mergeText = [](const MergeRequest& request, std::stop_token, const ByteProgress&) { return request.text.empty() ? std::string("Who are you? I am the ferry desk.") : "text of " + request.text.string(); };
    f.compareMerged =
        [this](const MergeRequest&, const std::string&, std::stop_token stop, const ByteProgress& progress) {
            progress(200, 900);
            while (holdsMeasuring && !stop.stop_requested())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (stop.stop_requested())
                throw Cancelled();
            return api::MergeQuality{.nTokens = 4096, .model = 12.408, .adapter = 2.117, .merged = 2.152};
        };
}

} // namespace sy::app::test
