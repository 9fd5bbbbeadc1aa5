// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/safetensors_file.h"

#include "engine/core/error.h"
#include "engine/formats/byte_cursor.h"
#include "engine/formats/json_text.h"
#include "engine/formats/mapped_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace sy::formats {

namespace {

using nlohmann::json;

constexpr uint64_t kLongestHeader = 100'000'000; // as the format's description says
constexpr size_t kMostTensors = 1 << 20;
constexpr size_t kLongestName = 512;
constexpr size_t kMostDims = 8;

struct TypeRow {
    std::string_view name;
    StoredType type;
    int bytes;
    std::optional<DType> dtype;
};

constexpr TypeRow kTypes[] = {
    {"F64", StoredType::f64, 8, DType::F64},
    {"F32", StoredType::f32, 4, DType::F32},
    {"F16", StoredType::f16, 2, DType::F16},
    {"BF16", StoredType::bf16, 2, DType::BF16},
    {"I64", StoredType::i64, 8, DType::I64},
    {"I32", StoredType::i32, 4, DType::I32},
    {"I16", StoredType::i16, 2, DType::I16},
    {"I8", StoredType::i8, 1, DType::I8},
    {"U64", StoredType::u64, 8, {}},
    {"U32", StoredType::u32, 4, {}},
    {"U16", StoredType::u16, 2, {}},
    {"U8", StoredType::u8, 1, {}},
    {"BOOL", StoredType::boolean, 1, {}},
    {"F8_E4M3", StoredType::f8e4m3, 1, {}},
    {"F8_E5M2", StoredType::f8e5m2, 1, {}},
    {"F8_E8M0", StoredType::f8e8m0, 1, {}},
};

const TypeRow& rowOf(StoredType type)
{
    return *std::ranges::find(kTypes, type, &TypeRow::type);
}

/// What the header says of one tensor, checked one field after the other.
class EntryReader {
public:
    EntryReader(const std::string& path, const std::string& name, uint64_t dataStart, uint64_t dataBytes)
        : m_path(path), m_name(name), m_dataStart(dataStart), m_dataBytes(dataBytes)
    {
    }

    StoredTensor read(const json& entry) const
    {
        if (!entry.is_object())
            fail("is described by no JSON object");
        for (const auto& [key, value] : entry.items())
            if (key != "dtype" && key != "shape" && key != "data_offsets")
                fail("has the unknown field \"" + key + "\"");
        StoredTensor tensor;
        tensor.name = m_name;
        tensor.type = type(field(entry, "dtype"));
        tensor.shape = shape(field(entry, "shape"));
        const auto [begin, end] = offsets(field(entry, "data_offsets"));
        tensor.offset = m_dataStart + begin;
        tensor.bytes = end - begin;
        uint64_t wanted = uint64_t(storedTypeBytes(tensor.type));
        for (const int64_t size : tensor.shape)
            if (__builtin_mul_overflow(wanted, uint64_t(size), &wanted))
                fail("is larger than any file", tensor.offset);
        if (wanted != tensor.bytes)
            fail("has " + std::to_string(tensor.bytes) + " bytes of data, but " + std::string(storedTypeName(tensor.type)) + " " +
                     shapeText(tensor) + " takes " + std::to_string(wanted),
                 tensor.offset);
        return tensor;
    }

    [[noreturn]] void fail(const std::string& problem, int64_t offset = -1) const
    {
        throw BadFile(m_path, "tensor " + m_name + " " + problem, offset);
    }

private:
    const json& field(const json& entry, const char* name) const
    {
        const auto it = entry.find(name);
        if (it == entry.end())
            fail(std::string("has no ") + name);
        return *it;
    }

    StoredType type(const json& value) const
    {
        if (!value.is_string())
            fail("has a dtype that is no text");
        const auto& text = value.get_ref<const std::string&>();
        for (const TypeRow& row : kTypes)
            if (row.name == text)
                return row.type;
        throw Unsupported("tensor " + m_name + " of type \"" + text.substr(0, 40) + "\"",
                          "this version reads F64, F32, F16, BF16, integers, F8_E4M3, F8_E5M2 and F8_E8M0");
    }

    std::vector<int64_t> shape(const json& value) const
    {
        if (!value.is_array() || value.size() > kMostDims)
            fail("has a shape that is no list of at most " + std::to_string(kMostDims) + " sizes");
        std::vector<int64_t> sizes;
        for (const json& size : value) {
            if (!size.is_number_unsigned() || size.get<uint64_t>() > uint64_t(INT64_MAX))
                fail("has a shape with something else than sizes");
            sizes.push_back(size.get<int64_t>());
        }
        return sizes;
    }

    std::pair<uint64_t, uint64_t> offsets(const json& value) const
    {
        if (!value.is_array() || value.size() != 2 || !value[0].is_number_unsigned() || !value[1].is_number_unsigned())
            fail("has data_offsets that are no two offsets");
        const auto begin = value[0].get<uint64_t>(), end = value[1].get<uint64_t>();
        if (begin > end)
            fail("ends before it begins");
        if (end > m_dataBytes)
            fail("ends past the end of the file", int64_t(m_dataStart + std::min(begin, m_dataBytes)));
        return {begin, end};
    }

    const std::string& m_path;
    const std::string& m_name;
    uint64_t m_dataStart;
    uint64_t m_dataBytes;
};

bool isPlainName(const std::string& name) // it ends up in messages
{
    return !name.empty() && name.size() <= kLongestName &&
           std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

} // namespace

std::string_view storedTypeName(StoredType type)
{
    return rowOf(type).name;
}

int64_t storedTypeBytes(StoredType type)
{
    return rowOf(type).bytes;
}

std::optional<DType> plainType(StoredType type)
{
    return rowOf(type).dtype;
}

int64_t StoredTensor::count() const
{
    int64_t n = 1;
    for (const int64_t size : shape)
        n *= size;
    return n;
}

std::string shapeText(const StoredTensor& tensor)
{
    std::string out = "(";
    for (size_t i = 0; i < tensor.shape.size(); ++i)
        out += (i ? ", " : "") + std::to_string(tensor.shape[i]);
    return out + ")";
}

SafetensorsFile SafetensorsFile::parse(std::span<const std::byte> bytes, std::string name, std::shared_ptr<const void> owner, int part)
{
    SafetensorsFile file;
    file.m_name = std::move(name);
    file.m_bytes = bytes;
    file.m_owner = std::move(owner);

    ByteCursor in(bytes, file.m_name);
    const auto headerBytes = in.take<uint64_t>("the length of the safetensors header");
    if (headerBytes > kLongestHeader || headerBytes > in.left())
        in.fail("the safetensors header is said to have " + std::to_string(headerBytes) + " bytes", 0);
    const std::string_view text = in.text(headerBytes, "the safetensors header");
    if (!text.starts_with('{')) // the format forbids white space in front, so that the first bytes tell the format
        in.fail("this is no safetensors file: its header is no JSON object", 8);
    const json header = parseJson(text, file.m_name, 8);
    if (header.size() > kMostTensors)
        in.fail("the header lists " + std::to_string(header.size()) + " tensors", 8);

    const uint64_t dataStart = in.at(), dataBytes = in.left();
    for (const auto& [key, entry] : header.items()) {
        if (key == "__metadata__") {
            if (!entry.is_object() || !std::ranges::all_of(entry, [](const json& value) { return value.is_string(); }))
                in.fail("the header's __metadata__ is no object of texts", 8);
            continue;
        }
        if (!isPlainName(key))
            in.fail("a tensor's name is empty, too long or no plain text", 8);
        StoredTensor tensor = EntryReader(file.m_name, key, dataStart, dataBytes).read(entry);
        tensor.part = part;
        file.m_tensors.push_back(std::move(tensor));
    }

    std::ranges::sort(file.m_tensors, {}, [](const StoredTensor& t) { return std::pair(t.offset, t.offset + t.bytes); });
    uint64_t expected = dataStart;
    for (const StoredTensor& tensor : file.m_tensors) {
        if (tensor.offset != expected)
            in.fail("tensor " + tensor.name + (tensor.offset < expected ? " shares bytes with another tensor" : " leaves bytes before it unused"),
                    tensor.offset);
        expected += tensor.bytes;
    }
    if (expected != bytes.size())
        in.fail(std::to_string(bytes.size() - expected) + " bytes at the end of the file belong to no tensor", expected);
    return file;
}

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path, int part)
{
    auto mapped = MappedFile::open(path);
    SafetensorsFile file = parse(mapped->bytes(), path.string(), mapped, part);
    file.m_mapped = std::move(mapped);
    return file;
}

} // namespace sy::formats
