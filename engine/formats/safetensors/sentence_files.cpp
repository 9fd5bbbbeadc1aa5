// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/sentence_files.h"

#include "engine/core/error.h"
#include "engine/formats/json_text.h"

#include <array>

namespace sy::formats {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kLargestFile = 1 << 20;

struct PoolingRow {
    const char* key;
    int64_t type; // as pooling_type has it; 0: not computed
};
constexpr std::array<PoolingRow, 6> kPoolings = {{{"pooling_mode_mean_tokens", 1},
                                                  {"pooling_mode_cls_token", 2},
                                                  {"pooling_mode_lasttoken", 3},
                                                  {"pooling_mode_max_tokens", 0},
                                                  {"pooling_mode_mean_sqrt_len_tokens", 0},
                                                  {"pooling_mode_weightedmean_tokens", 0}}};

int64_t poolingType(const FolderConfig& config)
{
    int64_t type = 0;
    for (const PoolingRow& row : kPoolings) {
        if (!config.boolean(row.key, false))
            continue;
        if (row.type == 0 || type != 0)
            throw Unsupported(row.key + (" in " + config.path()), "this version pools by the mean, the first or the last token");
        type = row.type;
    }
    if (type == 0)
        throw BadFile(config.path(), "it names no way of pooling");
    return type;
}

bool isInside(const std::string& folder) // one level, no way out
{
    return folder.find("..") == std::string::npos && folder.find('/') == std::string::npos && folder.find('\0') == std::string::npos;
}

} // namespace

void addPooling(const fs::path& folder, FamilyInput& input)
{
    std::error_code error;
    const fs::path list = folder / "modules.json";
    if (!fs::exists(list, error))
        return;
    const nlohmann::json modules = readJson(list, kLargestFile);
    if (!modules.is_array())
        throw BadFile(list.string(), "it is no list of modules");
    for (const nlohmann::json& item : modules) {
        const FolderConfig module(item, list.string());
        const std::string type = module.string("type");
        const std::string kind = type.substr(type.rfind('.') + 1);
        if (kind == "Pooling") {
            const std::string path = module.string("path");
            if (path.empty() || !isInside(path))
                module.bad("path", "is no folder of the model");
            input.keys.setInteger(input.key("pooling_type"), poolingType(FolderConfig::open(folder / path / "config.json")));
        } else if (kind != "Transformer" && kind != "Normalize") {
            throw Unsupported("the step " + kind.substr(0, 60) + " in " + list.string(), "this version pools and normalizes only");
        }
    }
}

} // namespace sy::formats
