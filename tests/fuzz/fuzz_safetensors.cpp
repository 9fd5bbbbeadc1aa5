// SPDX-License-Identifier: GPL-3.0-or-later
// Safetensors files from strangers: whatever the bytes, the reader either refuses them or offers only what lies inside them.
#include "engine/core/error.h"
#include "engine/formats/safetensors/safetensors_file.h"

#include <cstdint>
#include <cstdlib>

using namespace sy;
using namespace sy::formats;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    try {
        const auto file = SafetensorsFile::parse({reinterpret_cast<const std::byte*>(data), size}, "fuzz.safetensors");
        volatile size_t sink = 0;
        uint64_t total = 0;
        for (const StoredTensor& tensor : file.tensors()) {
            for (const std::byte b : file.bytesOf(tensor))
                sink = sink + size_t(b);
            sink = sink + size_t(tensor.rows()) + shapeText(tensor).size();
            if (uint64_t(tensor.count() * storedTypeBytes(tensor.type)) != tensor.bytes)
                std::abort();
            total += tensor.bytes;
        }
        if (total > size)
            std::abort();
    } catch (const BadFile&) {
    } catch (const Unsupported&) {
    }
    return 0;
}
