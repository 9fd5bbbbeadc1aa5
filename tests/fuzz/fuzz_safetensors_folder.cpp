// SPDX-License-Identifier: GPL-3.0-or-later
//
// A folder from a stranger: config.json up to the first NUL byte, then model.safetensors. It is refused, or every tensor that it offers can
// be had in its shape and type.
#include "engine/core/error.h"
#include "engine/formats/model_facts.h"
#include "engine/formats/safetensors/safetensors_model.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

using namespace sy;
using namespace sy::formats;

namespace {

struct Folder {
    std::filesystem::path path = std::filesystem::temp_directory_path() / ("switchyard-fuzz-" + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    void write(const char* name, const uint8_t* data, size_t size) const
    {
        std::ofstream(path / name, std::ios::binary | std::ios::trunc).write(reinterpret_cast<const char*>(data), std::streamsize(size));
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static const Folder folder;
    const size_t split = size_t(std::find(data, data + size, uint8_t(0)) - data);
    folder.write("config.json", data, split);
    folder.write("model.safetensors", data + std::min(split + 1, size), size - std::min(split + 1, size));
    OpenOptions options;
    options.isExact = size % 2 == 0;
    options.quantization = size % 3 == 0 ? "Q4_K" : "";
    try {
        const auto model = SafetensorsModel::open(folder.path, options);
        modelFacts(*model);
        for (const TensorInfo& info : model->tensors()) {
            if (info.bytes > 1 << 20)
                continue;
            const Tensor tensor = model->get(info.name);
            if (tensor.bytes() != info.bytes || tensor.shape() != info.shape || model->outline().get(info.name).bytes() != info.bytes)
                std::abort();
            volatile size_t sink = 0;
            for (size_t i = 0; i < tensor.bytes(); ++i)
                sink = sink + size_t(tensor.raw()[i]);
        }
    } catch (const BadFile&) {
    } catch (const Unsupported&) {
    } catch (const StorageFailure&) {
    }
    return 0;
}
