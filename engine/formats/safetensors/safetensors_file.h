// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/dtype.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sy::formats {

class MappedFile;

/// Element types of a safetensors file. Numbers below a byte (F4 and the like) are refused: no published layout here uses them.
enum class StoredType : uint8_t { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean, f8e4m3, f8e5m2, f8e8m0 };

std::string_view storedTypeName(StoredType type); // as the file writes it: "BF16", "F8_E4M3"
int64_t storedTypeBytes(StoredType type);         // of one element
std::optional<DType> plainType(StoredType type);  // the same type as a tensor of ours has it; empty when we have none

/// One row of a file's header.
struct StoredTensor {
    std::string name;
    StoredType type;
    std::vector<int64_t> shape; // outermost first; empty for a single number
    uint64_t offset;            // bytes from the start of its file
    uint64_t bytes;
    int part = 0;               // which file of a sharded model, from 0

    int64_t count() const; // elements
    int64_t cols() const { return shape.empty() ? 1 : shape.back(); }
    int64_t rows() const { return cols() ? count() / cols() : 0; }
};
std::string shapeText(const StoredTensor& tensor); // "(512, 1536)"

/// A safetensors file, mapped read-only:
///
///     u64 n | n bytes of JSON: name -> {dtype, shape, data_offsets: [begin, end]}, "__metadata__" -> {…} | data
///
/// The file is data from a stranger: after open() every tensor's bytes lie in the file, fit shape times type, and belong to no other
/// tensor, and no byte of the data belongs to none.
class SafetensorsFile {
public:
    /// Throws StorageFailure, BadFile (with tensor and byte offset) or Unsupported (an element type this build does not know).
    static SafetensorsFile open(const std::filesystem::path& path, int part = 0);
    /// The same for a file in memory; `owner` keeps the bytes alive.
    static SafetensorsFile parse(std::span<const std::byte> bytes, std::string name, std::shared_ptr<const void> owner = nullptr,
                                 int part = 0);

    const std::string& name() const { return m_name; }
    const std::vector<StoredTensor>& tensors() const { return m_tensors; } // in the order of their data
    std::span<const std::byte> bytesOf(const StoredTensor& tensor) const { return m_bytes.subspan(tensor.offset, tensor.bytes); }
    uint64_t fileBytes() const { return m_bytes.size(); }
    const std::shared_ptr<const void>& owner() const { return m_owner; }
    const MappedFile* mapped() const { return m_mapped.get(); } // null when parsed from memory

private:
    std::string m_name;
    std::span<const std::byte> m_bytes;
    std::shared_ptr<const void> m_owner;
    std::shared_ptr<const MappedFile> m_mapped;
    std::vector<StoredTensor> m_tensors;
};

} // namespace sy::formats
