// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/models.h"
#include "engine/generate/adapter_choice.h"
#include "engine/generate/step_lock.h"
#include "engine/models/model.h"
#include "engine/ops/op_context.h"

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sy::api {

/// The adapters that were last asked for, bound to one model. A file is read once, and again when it has changed on the disk;
/// two files of the same content share one adapter. Thread-safe.
class AdapterCache {
public:
    /// The model and what steps it are the same in every call. Throws std::invalid_argument for a strength that is not 0 to 2;
    /// and as models::readGgufAdapter(), models::readPeftAdapter() and models::bindAdapter() do.
    generate::AdapterChoice find(const AdapterSetting& setting, const models::Model& model, const ops::OpContext& context,
                                 generate::StepLock& stepLock);

private:
    static constexpr size_t kMost = 8; // 70 MB each for rank 16 on a model of 1.5 B

    using Stamp = std::vector<std::pair<uintmax_t, std::filesystem::file_time_type>>; // sizes and times of the files
    struct Entry {
        std::filesystem::path file;
        Stamp stamp;
        std::string id; // SHA-256 of the content
        std::shared_ptr<const nn::Adapter> adapter;
    };
    static Stamp stampOf(const std::filesystem::path& file);

    std::mutex m_mutex; // guards the rest
    std::list<Entry> m_entries; // last used first
};

} // namespace sy::api
