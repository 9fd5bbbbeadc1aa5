// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/metadata.h"

#include "engine/core/error.h"

#include <cstring>
#include <limits>
#include <stdexcept>
#include <type_traits>

namespace sy::formats {

namespace {

template <typename T>
T load(const std::byte* p)
{
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

bool isInteger(ValueType type)
{
    switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::u16:
    case ValueType::i16:
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::u64:
    case ValueType::i64: return true;
    default: return false;
    }
}

bool isNumber(ValueType type)
{
    return isInteger(type) || type == ValueType::f32 || type == ValueType::f64;
}

// Calls visit(value) with the element's own C++ type, so that no width is converted by way of another one.
template <typename F>
auto visitNumber(ValueType type, const std::byte* p, F visit)
{
    switch (type) {
    case ValueType::u8: return visit(load<uint8_t>(p));
    case ValueType::i8: return visit(load<int8_t>(p));
    case ValueType::u16: return visit(load<uint16_t>(p));
    case ValueType::i16: return visit(load<int16_t>(p));
    case ValueType::u32: return visit(load<uint32_t>(p));
    case ValueType::i32: return visit(load<int32_t>(p));
    case ValueType::u64: return visit(load<uint64_t>(p));
    case ValueType::i64: return visit(load<int64_t>(p));
    case ValueType::f32: return visit(load<float>(p));
    default: return visit(load<double>(p));
    }
}

template <typename T>
void appendBytes(std::string& out, T value)
{
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void appendString(std::string& out, std::string_view text)
{
    appendBytes(out, uint64_t(text.size()));
    out += text;
}

template <typename T>
std::string bytesOf(std::span<const T> values)
{
    return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

template <typename T>
std::string encodedInteger(int64_t value)
{
    const bool fits = std::is_same_v<T, uint64_t> ? value >= 0 : value >= int64_t(std::numeric_limits<T>::min()) &&
                          (sizeof(T) == 8 || value <= int64_t(std::numeric_limits<T>::max()));
    if (!fits)
        throw std::invalid_argument(std::to_string(value) + " does not fit the metadata type");
    std::string out;
    appendBytes(out, static_cast<T>(value));
    return out;
}

} // namespace

std::string_view valueTypeName(ValueType type)
{
    constexpr std::string_view kNames[] = {"u8",      "i8",     "u16",   "i16", "u32", "i32", "f32",
                                           "boolean", "string", "array", "u64", "i64", "f64"};
    return kNames[int32_t(type)];
}

size_t valueTypeBytes(ValueType type)
{
    switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean: return 1;
    case ValueType::u16:
    case ValueType::i16: return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32: return 4;
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64: return 8;
    case ValueType::string:
    case ValueType::array: break;
    }
    return 0;
}

const MetadataValue* Metadata::find(std::string_view key) const
{
    const auto it = m_index.find(key);
    return it == m_index.end() ? nullptr : &m_entries[it->second].value;
}

bool Metadata::isArray(std::string_view key) const
{
    const MetadataValue* value = find(key);
    return value && value->isArray;
}

size_t Metadata::arraySize(std::string_view key) const
{
    const MetadataValue* value = find(key);
    return value ? value->count : 0;
}

void Metadata::wrongType(std::string_view key, const MetadataValue& value, std::string_view wanted) const
{
    throw BadFile(m_source, "metadata key " + std::string(key) + " holds " + (value.isArray ? "an array of " : "") +
                                std::string(valueTypeName(value.type)) + " where " + std::string(wanted) + " is expected");
}

const MetadataValue* Metadata::single(std::string_view key, std::string_view wanted) const
{
    const MetadataValue* value = find(key);
    if (value && value->isArray)
        wrongType(key, *value, wanted);
    return value;
}

std::optional<int64_t> Metadata::integer(std::string_view key) const
{
    const MetadataValue* value = single(key, "an integer");
    if (!value)
        return std::nullopt;
    if (!isInteger(value->type))
        wrongType(key, *value, "an integer");
    if (value->type == ValueType::u64 && load<int64_t>(value->bytes.data()) < 0)
        throw BadFile(m_source, "metadata key " + std::string(key) + " is larger than any size can be");
    return visitNumber(value->type, value->bytes.data(), [](auto v) { return static_cast<int64_t>(v); });
}

std::optional<double> Metadata::real(std::string_view key) const
{
    const MetadataValue* value = single(key, "a number");
    if (!value)
        return std::nullopt;
    if (!isNumber(value->type))
        wrongType(key, *value, "a number");
    return visitNumber(value->type, value->bytes.data(), [](auto v) { return static_cast<double>(v); });
}

std::optional<bool> Metadata::boolean(std::string_view key) const
{
    const MetadataValue* value = single(key, "true or false");
    if (!value)
        return std::nullopt;
    if (value->type != ValueType::boolean)
        wrongType(key, *value, "true or false");
    return load<uint8_t>(value->bytes.data()) != 0;
}

std::optional<std::string_view> Metadata::string(std::string_view key) const
{
    const MetadataValue* value = single(key, "a string");
    if (!value)
        return std::nullopt;
    if (value->type != ValueType::string)
        wrongType(key, *value, "a string");
    return std::string_view(reinterpret_cast<const char*>(value->bytes.data()) + 8, value->bytes.size() - 8);
}

std::vector<int64_t> Metadata::integers(std::string_view key) const
{
    const MetadataValue* value = find(key);
    if (!value)
        return {};
    if (!isInteger(value->type))
        wrongType(key, *value, "integers");
    std::vector<int64_t> out(value->count);
    const size_t step = valueTypeBytes(value->type);
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = visitNumber(value->type, value->bytes.data() + i * step, [](auto v) { return static_cast<int64_t>(v); });
    return out;
}

std::vector<float> Metadata::reals(std::string_view key) const
{
    const MetadataValue* value = find(key);
    if (!value)
        return {};
    if (!isNumber(value->type))
        wrongType(key, *value, "numbers");
    std::vector<float> out(value->count);
    const size_t step = valueTypeBytes(value->type);
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = visitNumber(value->type, value->bytes.data() + i * step, [](auto v) { return static_cast<float>(v); });
    return out;
}

std::vector<bool> Metadata::booleans(std::string_view key) const
{
    const MetadataValue* value = find(key);
    if (!value)
        return {};
    if (value->type != ValueType::boolean)
        wrongType(key, *value, "true or false values");
    std::vector<bool> out(value->count);
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = value->bytes[i] != std::byte{0};
    return out;
}

std::vector<std::string_view> Metadata::strings(std::string_view key) const
{
    const MetadataValue* value = find(key);
    if (!value)
        return {};
    if (value->type != ValueType::string)
        wrongType(key, *value, "strings");
    std::vector<std::string_view> out;
    out.reserve(value->count);
    const std::byte* p = value->bytes.data();
    for (uint64_t i = 0; i < value->count; ++i) {
        const auto length = load<uint64_t>(p);
        out.emplace_back(reinterpret_cast<const char*>(p) + 8, length);
        p += 8 + length;
    }
    return out;
}

int64_t Metadata::requireInteger(std::string_view key) const
{
    if (const auto value = integer(key))
        return *value;
    throw BadFile(m_source, "metadata key " + std::string(key) + " is missing");
}

double Metadata::requireReal(std::string_view key) const
{
    if (const auto value = real(key))
        return *value;
    throw BadFile(m_source, "metadata key " + std::string(key) + " is missing");
}

std::string_view Metadata::requireString(std::string_view key) const
{
    if (const auto value = string(key))
        return *value;
    throw BadFile(m_source, "metadata key " + std::string(key) + " is missing");
}

void Metadata::set(std::string_view key, ValueType type, bool isArray, uint64_t count, std::string bytes)
{
    const auto owner = std::make_shared<const std::string>(std::move(bytes));
    const MetadataValue value{type, isArray, count, std::as_bytes(std::span(owner->data(), owner->size()))};
    const auto it = m_index.find(key);
    if (it == m_index.end()) {
        add(key, value, owner);
    } else {
        m_entries[it->second].value = value;
        m_entries[it->second].owner = owner;
    }
}

void Metadata::add(std::string_view key, MetadataValue value, const std::shared_ptr<const void>& owner)
{
    m_index.emplace(key, m_entries.size());
    m_entries.push_back({std::string(key), value, owner});
}

void Metadata::setInteger(std::string_view key, int64_t value, ValueType type)
{
    std::string bytes;
    switch (type) {
    case ValueType::u8: bytes = encodedInteger<uint8_t>(value); break;
    case ValueType::i8: bytes = encodedInteger<int8_t>(value); break;
    case ValueType::u16: bytes = encodedInteger<uint16_t>(value); break;
    case ValueType::i16: bytes = encodedInteger<int16_t>(value); break;
    case ValueType::u32: bytes = encodedInteger<uint32_t>(value); break;
    case ValueType::i32: bytes = encodedInteger<int32_t>(value); break;
    case ValueType::u64: bytes = encodedInteger<uint64_t>(value); break;
    case ValueType::i64: bytes = encodedInteger<int64_t>(value); break;
    default: throw std::invalid_argument("setInteger wants an integer type");
    }
    set(key, type, false, 1, std::move(bytes));
}

void Metadata::setReal(std::string_view key, double value, ValueType type)
{
    std::string bytes;
    if (type == ValueType::f32)
        appendBytes(bytes, static_cast<float>(value));
    else if (type == ValueType::f64)
        appendBytes(bytes, value);
    else
        throw std::invalid_argument("setReal wants f32 or f64");
    set(key, type, false, 1, std::move(bytes));
}

void Metadata::setBoolean(std::string_view key, bool value)
{
    set(key, ValueType::boolean, false, 1, std::string(1, value ? '\1' : '\0'));
}

void Metadata::setString(std::string_view key, std::string_view value)
{
    std::string bytes;
    appendString(bytes, value);
    set(key, ValueType::string, false, 1, std::move(bytes));
}

void Metadata::setIntegers(std::string_view key, std::span<const int32_t> values)
{
    set(key, ValueType::i32, true, values.size(), bytesOf(values));
}

void Metadata::setReals(std::string_view key, std::span<const float> values)
{
    set(key, ValueType::f32, true, values.size(), bytesOf(values));
}

void Metadata::setBooleans(std::string_view key, const std::vector<bool>& values)
{
    std::string bytes;
    for (const bool value : values)
        bytes += value ? '\1' : '\0';
    set(key, ValueType::boolean, true, values.size(), std::move(bytes));
}

void Metadata::setStrings(std::string_view key, std::span<const std::string> values)
{
    setStrings(key, std::vector<std::string_view>(values.begin(), values.end()));
}

void Metadata::setStrings(std::string_view key, std::span<const std::string_view> values)
{
    std::string bytes;
    for (const std::string_view value : values)
        appendString(bytes, value);
    set(key, ValueType::string, true, values.size(), std::move(bytes));
}

void Metadata::setBytes(std::string_view key, std::span<const uint8_t> values)
{
    set(key, ValueType::u8, true, values.size(), bytesOf(values));
}

void Metadata::copy(std::string_view key, const Metadata& from)
{
    const auto it = from.m_index.find(key);
    if (it == from.m_index.end())
        throw std::invalid_argument("no metadata key " + std::string(key) + " to copy");
    const Entry& entry = from.m_entries[it->second];
    remove(key);
    add(key, entry.value, entry.owner);
}

void Metadata::remove(std::string_view key)
{
    const auto it = m_index.find(key);
    if (it == m_index.end())
        return;
    m_entries.erase(m_entries.begin() + ptrdiff_t(it->second));
    m_index.clear();
    for (size_t i = 0; i < m_entries.size(); ++i)
        m_index.emplace(m_entries[i].key, i);
}

} // namespace sy::formats
