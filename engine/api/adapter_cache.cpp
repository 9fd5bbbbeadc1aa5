// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/adapter_cache.h"

#include "engine/core/sha256.h"
#include "engine/models/adapter_binding.h"
#include "engine/models/gguf_adapter.h"
#include "engine/models/peft_adapter.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <system_error>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

void addTensor(Sha256& hash, const Tensor& t)
{
    const std::string shape = t ? toString(t.shape()) : "none";
    hash.add(std::as_bytes(std::span(shape.c_str(), shape.size() + 1)));
    if (t)
        hash.add({t.raw(), size_t(t.count()) * sizeof(float)}); // F32: bindAdapter() has seen to it
}

/// Of what is in memory: a file could be replaced between hashing and reading it, and the cache of keys and values would
/// keep the one under the other's name. The hash of the updates' hashes, which all threads make.
std::string contentHash(cpu::ThreadPool& pool, const nn::Adapter& adapter)
{
    struct Part {
        const std::string* name;
        const nn::MatrixUpdate* update;
        Sha256 hash;
    };
    std::vector<Part> parts;
    for (const auto& [name, update] : adapter.updates)
        parts.push_back({&name, &update, {}});
    pool.parallelFor(int64_t(parts.size()), 1, [&](int64_t begin, int64_t end) {
        for (Part& part : std::span(parts).subspan(size_t(begin), size_t(end - begin))) {
            part.hash.add(std::as_bytes(std::span(part.name->c_str(), part.name->size() + 1)));
            part.hash.add(std::as_bytes(std::span(&part.update->scale, 1)));
            addTensor(part.hash, part.update->a);
            addTensor(part.hash, part.update->b);
            addTensor(part.hash, part.update->magnitude);
        }
    });
    Sha256 all;
    for (Part& part : parts) {
        const std::string digest = part.hash.hex();
        all.add(std::as_bytes(std::span(digest)));
    }
    return all.hex();
}

} // namespace

AdapterCache::Stamp AdapterCache::stampOf(const fs::path& file)
{
    Stamp stamp;
    const auto add = [&](const fs::path& part) {
        std::error_code noSize, noTime;
        const uintmax_t bytes = fs::file_size(part, noSize);
        const fs::file_time_type time = fs::last_write_time(part, noTime);
        stamp.emplace_back(noSize ? 0 : bytes, noTime ? fs::file_time_type() : time);
    };
    std::error_code ignored;
    if (fs::is_directory(file, ignored)) {
        add(file / "adapter_config.json");
        add(file / "adapter_model.safetensors");
    } else {
        add(file);
    }
    return stamp;
}

generate::AdapterChoice AdapterCache::find(const AdapterSetting& setting, const models::Model& model,
                                           const ops::OpContext& context, generate::StepLock& stepLock)
{
    if (!(setting.strength >= 0 && setting.strength <= 2))
        throw std::invalid_argument("an adapter's strength is 0 to 2, not " + std::to_string(setting.strength));
    if (setting.file.empty())
        return {};
    const auto choice = [&] {
        return generate::AdapterChoice{m_entries.front().adapter, m_entries.front().id, float(setting.strength)};
    };
    const std::lock_guard lock(m_mutex);
    const Stamp stamp = stampOf(setting.file);
    const auto known = std::ranges::find(m_entries, setting.file, &Entry::file);
    if (known != m_entries.end()) {
        m_entries.splice(m_entries.begin(), m_entries, known);
        if (m_entries.front().stamp == stamp)
            return choice();
        m_entries.pop_front();
    }
    std::error_code ignored;
    nn::Adapter adapter;
    if (fs::is_directory(setting.file, ignored)) {
        models::AdaptableMatrices matrices;
        {
            const generate::StepLock::Turn turn(stepLock); // the model may still be packing itself
            matrices = models::adaptableMatrices(model);
        }
        adapter = models::readPeftAdapter(setting.file, model.config().architecture, matrices);
    } else {
        adapter = models::readGgufAdapter(setting.file, model);
    }
    std::string id;
    {
        const generate::StepLock::Turn turn(stepLock);
        models::bindAdapter(context, model, adapter, setting.file.string());
        id = contentHash(context.pool, adapter);
    }
    const auto same = std::ranges::find(m_entries, id, &Entry::id);
    auto shared = same != m_entries.end() ? same->adapter : std::make_shared<const nn::Adapter>(std::move(adapter));
    m_entries.push_front({setting.file, stamp, std::move(id), std::move(shared)});
    if (m_entries.size() > kMost)
        m_entries.pop_back();
    return choice();
}

} // namespace sy::api
