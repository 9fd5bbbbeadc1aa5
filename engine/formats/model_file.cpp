// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/model_file.h"

#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/formats/safetensors/safetensors_model.h"

namespace sy::formats {

namespace fs = std::filesystem;

fs::path safetensorsFolderOf(const fs::path& path)
{
    std::error_code error;
    if (fs::is_directory(path, error))
        return path;
    if (path.extension() == ".safetensors" || path.filename() == "model.safetensors.index.json")
        return path.has_parent_path() ? path.parent_path() : fs::path(".");
    return {};
}

std::shared_ptr<const ModelFile> openModelFile(const fs::path& path, const OpenOptions& options)
{
    if (const fs::path folder = safetensorsFolderOf(path); !folder.empty())
        return SafetensorsModel::open(folder, options);
    if (!options.quantization.empty())
        throw Unsupported("quantizing " + path.filename().string() + " while it is loaded",
                          "a GGUF file is used as it is; write another one with the quantize command");
    return std::make_shared<const GgufFile>(GgufFile::open(path));
}

} // namespace sy::formats
