// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sy::formats {

/// Types of a metadata value; the numbers are GGUF's.
enum class ValueType : int32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

std::string_view valueTypeName(ValueType type); // "u32", "string"

/// One value, kept as GGUF encodes it (little-endian, unaligned; a string is a u64 length and its bytes), so that a vocabulary of
/// 150,000 tokens is a view into the mapped file and a writer copies bytes.
struct MetadataValue {
    ValueType type;                    // of the value, or of an array's elements; never ValueType::array
    bool isArray;
    uint64_t count;                    // elements; 1 for a single value
    std::span<const std::byte> bytes;  // all elements, checked to hold exactly `count` of them
};

/// Named values in the order of the file. Readers ask by type and get an empty optional (or list) when the key is absent;
/// a key that is present with another type throws BadFile naming it: a file that says "block_count = yes" is broken.
///
/// Copying is cheap and shares the bytes. Views stay valid while any copy of this object lives.
class Metadata {
public:
    /// `source` is the file's path as error messages show it.
    explicit Metadata(std::string source = {}) : m_source(std::move(source)) {}

    const std::string& source() const { return m_source; }
    size_t size() const { return m_entries.size(); }
    bool has(std::string_view key) const { return find(key) != nullptr; }
    const MetadataValue* find(std::string_view key) const;
    bool isArray(std::string_view key) const;    // false when absent
    size_t arraySize(std::string_view key) const; // 0 when absent, 1 for a single value
    std::string_view keyAt(size_t i) const { return m_entries[i].key; }
    const MetadataValue& valueAt(size_t i) const { return m_entries[i].value; }

    std::optional<int64_t> integer(std::string_view key) const; // any integer type
    std::optional<double> real(std::string_view key) const;     // any number type
    std::optional<bool> boolean(std::string_view key) const;
    std::optional<std::string_view> string(std::string_view key) const; // any bytes; not necessarily UTF-8

    /// Arrays; a single value counts as an array of one.
    std::vector<int64_t> integers(std::string_view key) const; // any integer type
    std::vector<float> reals(std::string_view key) const;      // any number type
    std::vector<bool> booleans(std::string_view key) const;
    std::vector<std::string_view> strings(std::string_view key) const;

    /// The same for keys that must be there: throws BadFile naming the key when it is absent.
    int64_t requireInteger(std::string_view key) const;
    double requireReal(std::string_view key) const;
    std::string_view requireString(std::string_view key) const;

    /// Adds a key or replaces its value in place.
    void setInteger(std::string_view key, int64_t value, ValueType type = ValueType::u32); // std::invalid_argument: does not fit
    void setReal(std::string_view key, double value, ValueType type = ValueType::f32);
    void setBoolean(std::string_view key, bool value);
    void setString(std::string_view key, std::string_view value);
    void setIntegers(std::string_view key, std::span<const int32_t> values);
    void setReals(std::string_view key, std::span<const float> values);
    void setBooleans(std::string_view key, const std::vector<bool>& values);
    void setStrings(std::string_view key, std::span<const std::string> values);
    void setStrings(std::string_view key, std::span<const std::string_view> values);
    void setBytes(std::string_view key, std::span<const uint8_t> values); // array of u8
    void copy(std::string_view key, const Metadata& from);                // shares the bytes; std::invalid_argument when absent
    void remove(std::string_view key);

    /// For readers: a value whose bytes `owner` keeps alive. The caller has checked bytes and that the key is new.
    void add(std::string_view key, MetadataValue value, const std::shared_ptr<const void>& owner);

private:
    struct Entry {
        std::string key;
        MetadataValue value;
        std::shared_ptr<const void> owner;
    };
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
    };

    void set(std::string_view key, ValueType type, bool isArray, uint64_t count, std::string bytes);
    [[noreturn]] void wrongType(std::string_view key, const MetadataValue& value, std::string_view wanted) const;
    const MetadataValue* single(std::string_view key, std::string_view wanted) const;

    std::string m_source;
    std::vector<Entry> m_entries;
    std::unordered_map<std::string, size_t, Hash, std::equal_to<>> m_index;
};

/// Bytes of one element; 0 for strings and arrays.
size_t valueTypeBytes(ValueType type);

} // namespace sy::formats
