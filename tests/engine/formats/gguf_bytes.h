// SPDX-License-Identifier: GPL-3.0-or-later
// Builds the bytes of a GGUF file field by field, so that a test can lie in any one of them.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sy::test {

class GgufBytes {
public:
    explicit GgufBytes(uint64_t nTensors = 0, uint64_t nKeys = 0, uint32_t version = 3)
    {
        m_bytes = "GGUF";
        put(version).put(nTensors).put(nKeys);
    }

    template <typename T>
    GgufBytes& put(T value)
    {
        m_bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }
    GgufBytes& text(std::string_view s)
    {
        put(uint64_t(s.size()));
        m_bytes += s;
        return *this;
    }
    GgufBytes& key(std::string_view name, int32_t type)
    {
        return text(name).put(type);
    }
    GgufBytes& tensor(std::string_view name, const std::vector<int64_t>& dims, int32_t type, uint64_t offset)
    {
        text(name).put(uint32_t(dims.size()));
        for (const int64_t d : dims)
            put(d);
        return put(type).put(offset);
    }
    GgufBytes& pad(size_t alignment = 32)
    {
        m_bytes.resize((m_bytes.size() + alignment - 1) / alignment * alignment);
        return *this;
    }
    GgufBytes& zeros(size_t n)
    {
        m_bytes.append(n, '\0');
        return *this;
    }

    size_t size() const { return m_bytes.size(); }
    const std::string& string() const { return m_bytes; }

private:
    std::string m_bytes;
};

/// A small good file: eight keys of every shape of value, three tensors.
inline std::string goodGguf()
{
    GgufBytes b(3, 8);
    b.key("general.architecture", 8).text("llama");
    b.key("llama.block_count", 4).put(uint32_t(2));
    b.key("llama.rope.freq_base", 6).put(10000.0f);
    b.key("tokenizer.ggml.add_bos_token", 7).put(uint8_t(1));
    b.key("tokenizer.ggml.tokens", 9).put(int32_t(8)).put(uint64_t(3)).text("a").text("").text("bc");
    b.key("tokenizer.ggml.scores", 9).put(int32_t(6)).put(uint64_t(3)).put(1.f).put(2.f).put(-3.f);
    b.key("llama.layer_flags", 9).put(int32_t(7)).put(uint64_t(2)).put(uint8_t(0)).put(uint8_t(1));
    b.key("general.alignment", 4).put(uint32_t(64));
    b.tensor("token_embd.weight", {32, 1}, 2, 0);  // Q4_0: 18 bytes, so that the next one tells 64 from 32
    b.tensor("output_norm.weight", {32}, 0, 64);   // F32: 128 bytes
    b.tensor("blk.0.ffn_up.weight", {2, 3, 2, 1}, 1, 192); // F16: 24 bytes
    b.pad(64).zeros(192 + 24);
    return b.string();
}

inline std::span<const std::byte> bytesOf(const std::string& s)
{
    return std::as_bytes(std::span(s.data(), s.size()));
}

} // namespace sy::test
