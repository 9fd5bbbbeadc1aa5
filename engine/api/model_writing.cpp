// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/model_writing.h"

#include "engine/core/error.h"

namespace sy::api {

uint64_t writeTensors(const formats::ModelFile& model, formats::GgufWriter& writer, const std::filesystem::path& out,
                      const std::function<void(size_t, const formats::TensorInfo&, const Tensor&)>& append,
                      const std::stop_token& stop, const std::function<void(uint64_t, uint64_t)>& progress)
{
    uint64_t done = 0, total = 0;
    for (const formats::TensorInfo& info : model.tensors())
        total += info.bytes;
    for (size_t i = 0; i < model.tensors().size(); ++i) {
        if (stop.stop_requested())
            throw Cancelled();
        const formats::TensorInfo& info = model.tensors()[i];
        const Tensor tensor = model.get(info.name);
        append(i, info, tensor);
        model.notNeeded({tensor.raw(), tensor.bytes()});
        done += info.bytes;
        if (progress)
            progress(done, total);
    }
    writer.finish();
    return std::filesystem::file_size(out);
}

} // namespace sy::api
