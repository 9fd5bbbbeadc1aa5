// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/adapters.h"

#include "engine/api/engine.h"
#include "engine/core/error.h"
#include "engine/formats/mapped_file.h"
#include "engine/formats/new_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <system_error>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

AdapterEntry entryOf(const fs::path& run)
{
    AdapterEntry entry;
    entry.id = run.filename().string();
    entry.file = run / "adapter.gguf";
    std::error_code failed;
    const uintmax_t bytes = fs::file_size(entry.file, failed);
    entry.bytes = failed ? 0 : uint64_t(bytes);
    std::ifstream stream(run / "config.json");
    const auto config = nlohmann::json::parse(stream, nullptr, false);
    const auto text = [&](const char* key) {
        return config.is_object() && config.contains(key) && config[key].is_string() ? config[key].get<std::string>()
                                                                                     : std::string();
    };
    entry.name = text("name");
    entry.model = text("model");
    return entry;
}

} // namespace

std::vector<AdapterEntry> listAdapters(Engine& engine)
{
    std::vector<AdapterEntry> entries;
    std::error_code failed;
    for (fs::directory_iterator it(engine.dataDir() / "runs", failed), end; !failed && it != end; it.increment(failed)) {
        std::error_code ignored;
        if (fs::is_regular_file(it->path() / "adapter.gguf", ignored))
            entries.push_back(entryOf(it->path()));
    }
    std::ranges::sort(entries, {}, &AdapterEntry::id);
    return entries;
}

fs::path exportAdapter(const AdapterEntry& entry, const fs::path& folder)
{
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
        throw StorageFailure(folder.string(), "making a folder for the adapter", failed.message());
    const fs::path path = folder / (entry.id + ".gguf");
    const auto bytes = formats::MappedFile::open(entry.file);
    formats::NewFile out(path);
    out.write(bytes->bytes());
    out.commit();
    return path;
}

fs::path resolveAdapter(Engine& engine, const std::string& text)
{
    std::error_code ignored;
    if (text.empty())
        return {};
    if (fs::exists(text, ignored))
        return text;
    for (const AdapterEntry& entry : listAdapters(engine)) {
        if (entry.id == text)
            return entry.file;
    }
    return {};
}

} // namespace sy::api
