// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/model_writing.h"

#include "engine/core/error.h"

#include <limits>
#include <system_error>

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

void addToName(formats::Metadata& keys, const std::string& word)
{
    const auto name = keys.string("general.name");
    std::string whole = name ? std::string(*name) : word;
    if (name)
        whole.append(" (").append(word).append(")");
    keys.setString("general.name", whole);
}

uint64_t roomFor(const std::filesystem::path& out)
{
    std::error_code unknown;
    const std::filesystem::path folder = out.has_parent_path() ? out.parent_path() : std::filesystem::path(".");
    const std::filesystem::space_info space = std::filesystem::space(folder, unknown);
    return unknown ? std::numeric_limits<uint64_t>::max() : uint64_t(space.available);
}

void requireRoom(const std::filesystem::path& out, uint64_t bytes)
{
    const uint64_t available = roomFor(out);
    if (available < bytes)
        throw StorageFailure(out.string(), "writing the file",
                             "no space on the disk: " + std::to_string(bytes / 1'000'000) + " MB needed, " +
                                 std::to_string(available / 1'000'000) + " MB free");
}

} // namespace sy::api
