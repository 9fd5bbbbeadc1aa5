// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/safetensors_folder.h"

#include "engine/core/error.h"
#include "engine/formats/json_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace sy::formats {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kLargestIndex = 64 << 20; // DeepSeek-V3's has 9 MB
constexpr size_t kMostShards = 10'000;

/// A shard's name from the index: a file of the same folder, nothing else.
bool isFileName(const std::string& name)
{
    return !name.empty() && name.size() <= 255 && name != "." && name != ".." && name.find('/') == std::string::npos &&
           name.find('\0') == std::string::npos;
}

std::map<std::string, std::string> readIndex(const fs::path& path)
{
    const nlohmann::json index = readJson(path, kLargestIndex);
    const auto map = index.is_object() ? index.find("weight_map") : index.end();
    if (!index.is_object() || map == index.end() || !map->is_object() || map->empty())
        throw BadFile(path.string(), "it has no weight_map that names the tensors' files");
    std::map<std::string, std::string> files;
    for (const auto& [tensor, file] : map->items()) {
        if (!file.is_string() || !isFileName(file.get_ref<const std::string&>()))
            throw BadFile(path.string(), "tensor " + tensor.substr(0, 200) + " lies in no file of this folder");
        files[tensor] = file.get<std::string>();
    }
    return files;
}

[[noreturn]] void refuseOtherFormats(const fs::path& folder)
{
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("pytorch_model") && name.ends_with(".bin"))
            throw Unsupported("the weights in " + folder.string(), "they are pickled PyTorch files, which can run code; use a version of "
                                                                   "the model in safetensors format");
        if (name.starts_with("model-") && name.ends_with(".safetensors"))
            throw BadFile(folder.string(), "it has shards of weights but no model.safetensors.index.json");
    }
    throw BadFile(folder.string(), "it has neither model.safetensors nor model.safetensors.index.json");
}

} // namespace

SafetensorsFolder SafetensorsFolder::open(const fs::path& path)
{
    SafetensorsFolder folder;
    folder.m_path = path;
    std::map<std::string, std::string> index;
    std::error_code error;
    if (fs::exists(path / "model.safetensors", error)) {
        folder.m_files.push_back(SafetensorsFile::open(path / "model.safetensors"));
    } else if (fs::exists(path / "model.safetensors.index.json", error)) {
        folder.m_indexPath = path / "model.safetensors.index.json";
        index = readIndex(folder.m_indexPath);
        std::vector<std::string> shards;
        for (const auto& [tensor, file] : index)
            shards.push_back(file);
        std::ranges::sort(shards);
        shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
        if (shards.size() > kMostShards)
            throw BadFile(folder.m_indexPath.string(), "it names " + std::to_string(shards.size()) + " files");
        for (size_t i = 0; i < shards.size(); ++i)
            folder.m_files.push_back(SafetensorsFile::open(path / shards[i], int(i)));
    } else {
        refuseOtherFormats(path);
    }

    for (const SafetensorsFile& file : folder.m_files) {
        for (const StoredTensor& tensor : file.tensors()) {
            if (!folder.m_index.emplace(tensor.name, &tensor).second)
                folder.bad(tensor, "lies in another file of the folder as well");
            if (folder.m_indexPath.empty())
                continue;
            const auto listed = index.find(tensor.name);
            if (listed == index.end() || listed->second != fs::path(file.name()).filename().string())
                folder.bad(tensor, "is not where model.safetensors.index.json says");
        }
    }
    for (const auto& [name, file] : index)
        if (!folder.find(name))
            throw BadFile((path / file).string(), "tensor " + name + ", which model.safetensors.index.json lists, is missing");
    return folder;
}

std::vector<fs::path> SafetensorsFolder::paths() const
{
    std::vector<fs::path> paths;
    for (const SafetensorsFile& file : m_files)
        paths.emplace_back(file.name());
    if (!m_indexPath.empty())
        paths.push_back(m_indexPath);
    return paths;
}

uint64_t SafetensorsFolder::fileBytes() const
{
    uint64_t total = 0;
    for (const SafetensorsFile& file : m_files)
        total += file.fileBytes();
    return total;
}

const StoredTensor* SafetensorsFolder::find(std::string_view name) const
{
    const auto it = m_index.find(name);
    return it == m_index.end() ? nullptr : it->second;
}

const StoredTensor& SafetensorsFolder::require(std::string_view name) const
{
    if (const StoredTensor* tensor = find(name))
        return *tensor;
    throw BadFile(m_path.string(), "tensor " + std::string(name) + " is missing");
}

std::vector<const StoredTensor*> SafetensorsFolder::tensors() const
{
    std::vector<const StoredTensor*> all;
    for (const SafetensorsFile& file : m_files)
        for (const StoredTensor& tensor : file.tensors())
            all.push_back(&tensor);
    return all;
}

void SafetensorsFolder::bad(const StoredTensor& tensor, const std::string& problem) const
{
    throw BadFile(fileOf(tensor).name(), "tensor " + tensor.name + " " + problem, int64_t(tensor.offset));
}

} // namespace sy::formats
