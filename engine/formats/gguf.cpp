// SPDX-License-Identifier: GPL-3.0-or-later
//
//   "GGUF" | u32 version | i64 nTensors | i64 nKeys | keys and values | tensor list | padding | tensor data
//                                                                                   ^ from here offsets count, padded to
//                                                                                     general.alignment (32)
//
// Nothing is allocated on the word of a count: every counted thing takes at least a known number of bytes, so a count that
// does not fit into the rest of the file is refused before the first element is read, and memory stays in proportion to the
// bytes that are really there.
#include "engine/formats/gguf.h"

#include "engine/core/error.h"
#include "engine/formats/byte_cursor.h"
#include "engine/formats/gguf_split.h"
#include "engine/formats/gguf_types.h"
#include "engine/formats/mapped_file.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sy::formats {

namespace {

constexpr uint64_t kMostKeys = 1 << 16;     // real files have under a hundred
constexpr uint64_t kMostTensors = 1 << 20;  // the largest models have some thousands
constexpr uint64_t kLongestName = 256;      // of a tensor; llama.cpp writes at most 63
constexpr uint64_t kLongestKey = 65535;     // as the format's description says
constexpr uint64_t kLargestAlignment = 1 << 20;
constexpr int kMostDims = 4;
constexpr uint64_t kLeastKeyBytes = 8 + 1 + 4 + 1;             // length, one letter, type, one-byte value
constexpr uint64_t kLeastTensorBytes = 8 + 1 + 4 + 8 + 4 + 8; // length, one letter, rank, one size, type, offset

uint64_t roundUp(uint64_t value, uint64_t alignment) // a power of two; value stays far below 2^63
{
    return (value + alignment - 1) & ~(alignment - 1);
}

ValueType takeValueType(ByteCursor& in, std::string_view key)
{
    const uint64_t start = in.at();
    const auto number = in.take<int32_t>("a metadata value's type");
    if (number < 0 || number > int32_t(ValueType::f64))
        in.fail("metadata key " + std::string(key) + " has a value of unknown type " + std::to_string(number), start);
    return static_cast<ValueType>(number);
}

void skipElements(ByteCursor& in, ValueType type, uint64_t count, const std::string& what)
{
    if (type == ValueType::string) {
        if (count > in.left() / 8)
            in.fail(what + " claims " + std::to_string(count) + " strings", in.at());
        for (uint64_t i = 0; i < count; ++i)
            in.string(UINT64_MAX, what);
        return;
    }
    const uint64_t size = valueTypeBytes(type);
    if (count > in.left() / size)
        in.fail(what + " claims " + std::to_string(count) + " values", in.at());
    const uint64_t start = in.at();
    const auto bytes = in.skip(count * size, what);
    if (type == ValueType::boolean)
        for (size_t i = 0; i < bytes.size(); ++i)
            if (bytes[i] > std::byte{1})
                in.fail(what + " is neither true nor false", start + i);
}

MetadataValue takeValue(ByteCursor& in, std::string_view key, std::span<const std::byte> file)
{
    MetadataValue value{takeValueType(in, key), false, 1, {}};
    const std::string what = "metadata key " + std::string(key);
    if (value.type == ValueType::array) {
        value.isArray = true;
        value.type = takeValueType(in, key);
        if (value.type == ValueType::array)
            throw Unsupported(what, "it is an array of arrays, which no known model uses");
        value.count = in.take<uint64_t>(what);
    }
    const uint64_t start = in.at();
    skipElements(in, value.type, value.count, what);
    value.bytes = file.subspan(start, in.at() - start);
    return value;
}

uint64_t alignmentOf(const Metadata& metadata, const std::string& path)
{
    const MetadataValue* value = metadata.find("general.alignment");
    if (!value)
        return 32;
    if (value->isArray || value->type != ValueType::u32)
        throw BadFile(path, "general.alignment is no u32");
    const auto alignment = uint64_t(*metadata.integer("general.alignment"));
    // Below 8 a float could lie across a machine word; the format asks for a multiple of 8 as well.
    if (!std::has_single_bit(alignment) || alignment < 8 || alignment > kLargestAlignment)
        throw BadFile(path, "general.alignment is " + std::to_string(alignment) + ", no power of two from 8 to 1048576");
    return alignment;
}

Metadata takeMetadata(ByteCursor& in, uint64_t nKeys, std::span<const std::byte> file, const std::string& path,
                      const std::shared_ptr<const void>& owner)
{
    Metadata metadata(path);
    for (uint64_t i = 0; i < nKeys; ++i) {
        const uint64_t start = in.at();
        const std::string_view key = in.name(kLongestKey, "a metadata key");
        if (metadata.has(key))
            in.fail("metadata key " + std::string(key) + " occurs twice", start);
        metadata.add(key, takeValue(in, key, file), owner);
    }
    return metadata;
}

struct Header {
    uint32_t version;
    uint64_t nTensors;
    uint64_t nKeys;
};

Header takeHeader(ByteCursor& in, const std::string& path)
{
    const auto magic = in.skip(4, "the GGUF header");
    if (std::memcmp(magic.data(), "GGUF", 4) != 0)
        in.fail("this is no GGUF file: it does not start with the letters GGUF", 0);
    Header header{in.take<uint32_t>("the GGUF header"), 0, 0};
    if (header.version == 0x03000000 || header.version == 0x02000000)
        throw Unsupported(path, "it is a GGUF file in big-endian byte order, for other processors");
    if (header.version < 2 || header.version > 3)
        throw Unsupported(path, "its GGUF version is " + std::to_string(header.version) + "; versions 2 and 3 are read");
    header.nTensors = in.take<uint64_t>("the GGUF header");
    header.nKeys = in.take<uint64_t>("the GGUF header");
    if (header.nTensors > kMostTensors || header.nTensors > in.left() / kLeastTensorBytes)
        in.fail("the header claims " + std::to_string(header.nTensors) + " tensors", 8);
    if (header.nKeys > kMostKeys || header.nKeys > in.left() / kLeastKeyBytes)
        in.fail("the header claims " + std::to_string(header.nKeys) + " metadata keys", 16);
    return header;
}

TensorInfo takeTensorInfo(ByteCursor& in)
{
    TensorInfo info;
    info.name = in.name(kLongestName, "a tensor's name");
    const std::string what = "tensor " + info.name;

    const uint64_t rankAt = in.at();
    const auto rank = in.take<uint32_t>(what);
    if (rank < 1 || rank > kMostDims)
        in.fail(what + " has " + std::to_string(rank) + " dimensions", rankAt);
    const uint64_t dimsAt = in.at();
    std::array<int64_t, kMostDims> dims{}; // outermost first
    for (uint32_t i = 0; i < rank; ++i)
        dims[rank - 1 - i] = in.take<int64_t>(what);

    const uint64_t typeAt = in.at();
    info.dtype = tensorTypeFromGguf(in.take<int32_t>(what), info.name);
    const quant::QuantType& type = *quant::find(info.dtype);

    int64_t count = 1;
    for (uint32_t i = 0; i < rank; ++i)
        if (dims[i] < 1 || __builtin_mul_overflow(count, dims[i], &count))
            in.fail(what + " has a size of " + std::to_string(dims[i]), dimsAt + (rank - 1 - i) * 8);
    info.shape = Shape(std::span<const int64_t>(dims.data(), rank));
    const int64_t cols = dims[rank - 1];
    if (cols % type.valuesPerBlock != 0)
        in.fail(what + " has rows of " + std::to_string(cols) + " values, no whole number of " + std::string(type.name) + " blocks",
                dimsAt);
    int64_t bytes = 0;
    if (__builtin_mul_overflow(count / type.valuesPerBlock, int64_t(type.bytesPerBlock), &bytes))
        in.fail(what + " is larger than any file", typeAt);
    info.bytes = uint64_t(bytes);
    info.offset = in.take<uint64_t>(what);
    return info;
}

} // namespace

void GgufFile::addPart(Part part, int index, int nParts)
{
    ByteCursor in(part.bytes, part.name);
    const Header header = takeHeader(in, part.name);
    Metadata metadata = takeMetadata(in, header.nKeys, part.bytes, part.name, part.owner);
    const uint64_t alignment = alignmentOf(metadata, part.name);
    checkSplitKeys(metadata, index, nParts);

    const size_t first = m_tensors.size();
    std::vector<uint64_t> listedAt; // where the list names each tensor
    for (uint64_t i = 0; i < header.nTensors; ++i) {
        listedAt.push_back(in.at());
        TensorInfo info = takeTensorInfo(in);
        info.part = index;
        m_tensors.push_back(std::move(info));
    }

    const uint64_t dataStart = roundUp(in.at(), alignment);
    uint64_t expected = 0; // tensors follow each other, each padded to the alignment
    for (size_t i = first; i < m_tensors.size(); ++i) {
        TensorInfo& info = m_tensors[i];
        const uint64_t at = listedAt[i - first];
        if (info.offset != expected)
            in.fail("tensor " + info.name + " is said to start at " + std::to_string(info.offset) + " of the data, where " +
                        std::to_string(expected) + " is expected",
                    at);
        if (dataStart + expected > part.bytes.size() || info.bytes > part.bytes.size() - dataStart - expected)
            in.fail("tensor " + info.name + " ends past the end of the file", at);
        info.offset = dataStart + expected;
        expected = roundUp(expected + info.bytes, alignment);
    }

    // Split 0 has the whole metadata; the others repeat their own number only.
    if (index == 0) {
        m_metadata = std::move(metadata);
        m_version = header.version;
    }
    m_fileBytes += part.bytes.size();
    m_parts.push_back(std::move(part));
}

void GgufFile::buildIndex()
{
    m_index.reserve(m_tensors.size());
    for (size_t i = 0; i < m_tensors.size(); ++i)
        if (!m_index.emplace(m_tensors[i].name, i).second)
            throw BadFile(m_parts[size_t(m_tensors[i].part)].name, "tensor " + m_tensors[i].name + " occurs twice");
}

GgufFile GgufFile::open(const std::filesystem::path& path)
{
    GgufFile file;
    const SplitName split = splitNameOf(path);
    for (int i = 0; i < split.nParts; ++i) {
        const std::filesystem::path partPath = split.nParts > 1 ? splitPath(split, i) : path;
        auto mapped = MappedFile::open(partPath);
        file.m_paths.push_back(partPath);
        file.addPart({mapped->bytes(), mapped, partPath.string()}, i, split.nParts);
        file.m_files.push_back(std::move(mapped));
    }
    checkSplitTotal(file.m_metadata, file.m_tensors.size());
    file.buildIndex();
    return file;
}

GgufFile GgufFile::parse(std::span<const std::byte> bytes, std::string name, std::shared_ptr<const void> owner)
{
    GgufFile file;
    file.addPart({bytes, std::move(owner), std::move(name)}, 0, 1);
    file.buildIndex();
    return file;
}

bool GgufFile::has(std::string_view name) const
{
    return m_index.contains(name);
}

const TensorInfo* GgufFile::find(std::string_view name) const
{
    const auto it = m_index.find(name);
    return it == m_index.end() ? nullptr : &m_tensors[it->second];
}

Tensor GgufFile::get(std::string_view name) const
{
    const TensorInfo* info = find(name);
    if (!info)
        throw BadFile(m_metadata.source(), "tensor " + std::string(name) + " is missing");
    return tensor(*info);
}

Tensor GgufFile::tensor(const TensorInfo& info) const
{
    const Part& part = m_parts[size_t(info.part)];
    return Tensor::wrap(part.bytes.data() + info.offset, info.bytes, info.shape, info.dtype, part.owner);
}

void GgufFile::notNeeded(std::span<const std::byte> bytes) const noexcept
{
    for (const auto& file : m_files)
        file->notNeeded(bytes);
}

bool GgufFile::isInPages(const Tensor& tensor) const noexcept
{
    return std::ranges::any_of(m_files, [&](const auto& file) { return file->holds({tensor.raw(), tensor.bytes()}); });
}

void GgufFile::prefetch() const noexcept
{
    for (size_t part = 0; part < m_files.size(); ++part) {
        for (const TensorInfo& info : m_tensors) {
            if (info.part != int(part))
                continue;
            m_files[part]->willNeed(info.offset, m_files[part]->bytes().size() - info.offset);
            break;
        }
    }
}

} // namespace sy::formats
