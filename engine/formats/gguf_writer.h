// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/dtype.h"
#include "engine/core/tensor.h"
#include "engine/formats/metadata.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sy::formats {

class NewFile;

/// Writes a GGUF file (version 3): first all names and shapes, then the tensors' bytes in the same order, streamed, so that a
/// model larger than memory can be written. The file appears under its name only when finish() has returned.
///
///     GgufWriter out(path);
///     out.metadata().setString("general.architecture", "llama");
///     out.declare("token_embd.weight", {nVocab, dim}, DType::Q8_0);
///     out.append(bytes);          // as often as needed, in any pieces
///     out.finish();
///
/// Throws StorageFailure, and std::invalid_argument for a caller's mistake: a name given twice, a row that is no whole number
/// of blocks, more or fewer bytes than declared.
class GgufWriter {
public:
    explicit GgufWriter(std::filesystem::path path);
    ~GgufWriter();

    /// Written with the first bytes; general.alignment (u32, a power of two from 8) is honoured. Keys stay in their order.
    Metadata& metadata() { return m_metadata; }

    /// Shape outermost first.
    void declare(std::string_view name, Shape shape, DType dtype);

    /// The next bytes of the tensors, which follow each other in the order they were declared; pieces may end anywhere but
    /// not reach past the end of one tensor. Padding is added here.
    void append(std::span<const std::byte> bytes);
    void append(const Tensor& tensor); // a whole declared tensor; its shape and type must be the declared ones

    void finish();

private:
    struct Item {
        std::string name;
        Shape shape;
        DType dtype;
        uint64_t bytes;
    };

    void writeHeader();
    void pad();

    std::filesystem::path m_path;
    Metadata m_metadata;
    std::vector<Item> m_items;
    std::unordered_set<std::string> m_names;
    std::unique_ptr<NewFile> m_out;
    uint64_t m_alignment = 32;
    size_t m_current = 0;       // tensor being written
    uint64_t m_currentDone = 0; // its bytes so far
};

} // namespace sy::formats
