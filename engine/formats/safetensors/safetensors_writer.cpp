// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/safetensors_writer.h"

#include "engine/formats/new_file.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace sy::formats {

void writeSafetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors)
{
    nlohmann::ordered_json header = {{"__metadata__", {{"format", "pt"}}}}; // readers of PyTorch's world ask for it
    uint64_t end = 0;
    for (const NamedTensor& t : tensors) {
        if (t.tensor.dtype() != DType::F32)
            throw std::invalid_argument("writeSafetensors: " + t.name + " is not F32");
        std::vector<int64_t> shape;
        for (int i = 0; i < t.tensor.shape().rank(); ++i)
            shape.push_back(t.tensor.shape()[i]);
        header[t.name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {end, end + t.tensor.bytes()}}};
        end += t.tensor.bytes();
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    std::array<std::byte, 8> length{};
    for (size_t i = 0; i < 8; ++i)
        length[i] = std::byte(uint64_t(text.size()) >> (8 * i));
    NewFile file(path);
    file.write(length);
    file.write(std::as_bytes(std::span(text)));
    for (const NamedTensor& t : tensors)
        file.write({t.tensor.raw(), t.tensor.bytes()});
    file.commit();
}

} // namespace sy::formats
