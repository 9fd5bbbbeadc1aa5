// SPDX-License-Identifier: GPL-3.0-or-later
// GGUF files from strangers: whatever the bytes, the reader either refuses them or offers only what lies inside them.
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/formats/model_facts.h"
#include "engine/quant/quant_table.h"

#include <cstdint>
#include <vector>

using namespace sy;
using namespace sy::formats;

namespace {

// Touches everything that an opened file offers.
void use(const GgufFile& file)
{
    const Metadata& m = file.metadata();
    volatile size_t sink = 0;
    for (size_t i = 0; i < m.size(); ++i) {
        const std::string_view key = m.keyAt(i);
        const MetadataValue& value = m.valueAt(i);
        if (value.type == ValueType::string) {
            for (const std::string_view text : m.strings(key))
                sink = sink + text.size() + (text.empty() ? 0 : size_t(text.back()));
        } else if (value.type == ValueType::boolean) {
            sink = sink + m.booleans(key).size();
        } else {
            for (const float v : m.reals(key))
                sink = sink + (v > 0);
        }
        try {
            sink = sink + size_t(m.integer(key).value_or(0));
        } catch (const BadFile&) { // another type
        }
    }
    std::vector<float> row;
    for (const TensorInfo& info : file.tensors()) {
        const Tensor tensor = file.get(info.name);
        const int64_t cols = tensor.cols();
        if (cols > 1 << 20)
            continue;
        row.resize(size_t(cols));
        quant::unpackRow(tensor.dtype(), tensor.raw() + tensor.rowBytes() * size_t(tensor.rows() - 1), row.data(), cols);
    }
    try {
        modelFacts(file);
    } catch (const BadFile&) {
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    try {
        use(GgufFile::parse({reinterpret_cast<const std::byte*>(data), size}, "fuzz.gguf"));
    } catch (const BadFile&) {
    } catch (const Unsupported&) {
    }
    return 0;
}
