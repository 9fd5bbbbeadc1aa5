// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/attention/attention.h"

#include <algorithm>
#include <span>
#include <vector>

namespace sy::ops {

/// Keys of packed texts as selectKeys() reads them: each text is a sequence with a page of its own.
class PackedKeys {
public:
    /// keys     of the texts, one after another: of every `ratio` tokens one; they outlive this
    /// lengths  of the texts, in tokens
    PackedKeys(const Tensor& keys, std::span<const int64_t> lengths, int64_t ratio = 1)
    {
        m_pages.reserve(lengths.size()); // the sequences point into it
        int64_t row = 0, key = 0;
        for (const int64_t length : lengths) {
            const int64_t nKeys = length / ratio;
            m_pages.push_back(keys.raw() + size_t(key) * keys.rowBytes());
            const std::span<const std::byte* const> page(&m_pages.back(), 1);
            m_sequences.push_back({row, length, 0, {page, page, DType::F32, int(std::max<int64_t>(1, nKeys))}});
            row += length;
            key += nKeys;
        }
    }
    PackedKeys(const PackedKeys&) = delete;
    PackedKeys& operator=(const PackedKeys&) = delete;

    std::span<const AttentionSequence> sequences() const { return m_sequences; }

private:
    std::vector<const std::byte*> m_pages;
    std::vector<AttentionSequence> m_sequences;
};

} // namespace sy::ops
