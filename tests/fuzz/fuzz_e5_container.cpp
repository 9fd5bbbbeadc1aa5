// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/formats/e5_container.h"

#include <cstdint>

using namespace sy;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    try {
        const auto e = formats::E5Container::parse({reinterpret_cast<const std::byte*>(data), size}, "fuzz.bin");
        volatile size_t sink = 0;
        for (const std::string_view piece : e.pieces)
            sink = sink + size_t(piece.back());
        for (const auto& [name, tensor] : e.tensors)
            for (const std::byte b : tensor.bytes)
                sink = sink + size_t(b);
    } catch (const BadFile&) {
    } catch (const Unsupported&) {
    }
    return 0;
}
