// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/gguf_writer.h"

#include "engine/formats/new_file.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>

namespace sy::formats {

namespace {

constexpr uint32_t kVersion = 3;

template <typename T>
void put(NewFile& out, T value)
{
    out.write(std::as_bytes(std::span(&value, 1)));
}

void putString(NewFile& out, std::string_view text)
{
    put(out, uint64_t(text.size()));
    out.write(std::as_bytes(std::span(text.data(), text.size())));
}

} // namespace

GgufWriter::GgufWriter(std::filesystem::path path) : m_path(std::move(path)), m_metadata(m_path.string()) {}
GgufWriter::~GgufWriter() = default;

void GgufWriter::declare(std::string_view name, Shape shape, DType dtype)
{
    if (m_out)
        throw std::invalid_argument("GgufWriter: all tensors are declared before the first bytes");
    if (shape.count() < 1)
        throw std::invalid_argument("GgufWriter: tensor " + std::string(name) + " has no elements");
    if (name.empty() || !m_names.emplace(name).second)
        throw std::invalid_argument("GgufWriter: tensor name '" + std::string(name) + "' is empty or given twice");
    const auto bytes = uint64_t(quant::rowBytes(dtype, shape.back()) * (shape.count() / shape.back()));
    m_items.push_back({std::string(name), shape, dtype, bytes});
}

void GgufWriter::writeHeader()
{
    if (const auto alignment = m_metadata.integer("general.alignment")) {
        if (*alignment < 8 || !std::has_single_bit(uint64_t(*alignment)))
            throw std::invalid_argument("GgufWriter: general.alignment is no power of two from 8");
        m_alignment = uint64_t(*alignment);
    }
    m_out = std::make_unique<NewFile>(m_path);
    NewFile& out = *m_out;
    out.write(std::as_bytes(std::span("GGUF", 4)));
    put(out, kVersion);
    put(out, uint64_t(m_items.size()));
    put(out, uint64_t(m_metadata.size()));
    for (size_t i = 0; i < m_metadata.size(); ++i) {
        const MetadataValue& value = m_metadata.valueAt(i);
        putString(out, m_metadata.keyAt(i));
        if (value.isArray) {
            put(out, int32_t(ValueType::array));
            put(out, int32_t(value.type));
            put(out, value.count);
        } else {
            put(out, int32_t(value.type));
        }
        out.write(value.bytes);
    }
    uint64_t offset = 0;
    for (const Item& item : m_items) {
        putString(out, item.name);
        put(out, uint32_t(item.shape.rank()));
        for (int i = item.shape.rank() - 1; i >= 0; --i)
            put(out, item.shape[i]);
        put(out, int32_t(item.dtype));
        put(out, offset);
        offset = (offset + item.bytes + m_alignment - 1) / m_alignment * m_alignment;
    }
    pad();
}

void GgufWriter::pad()
{
    constexpr std::array<std::byte, 64> kZeros{};
    uint64_t missing = (m_alignment - m_out->written() % m_alignment) % m_alignment;
    while (missing > 0) {
        const uint64_t n = std::min<uint64_t>(missing, kZeros.size());
        m_out->write(std::span(kZeros).first(n));
        missing -= n;
    }
}

void GgufWriter::append(std::span<const std::byte> bytes)
{
    if (!m_out)
        writeHeader();
    if (bytes.empty())
        return;
    if (m_current == m_items.size() || bytes.size() > m_items[m_current].bytes - m_currentDone)
        throw std::invalid_argument("GgufWriter: more bytes than declared for " +
                                    (m_current < m_items.size() ? m_items[m_current].name : std::string("all tensors")));
    m_out->write(bytes);
    m_currentDone += bytes.size();
    if (m_currentDone == m_items[m_current].bytes) {
        pad();
        ++m_current;
        m_currentDone = 0;
    }
}

void GgufWriter::append(const Tensor& tensor)
{
    if (m_current == m_items.size() || m_currentDone != 0 || m_items[m_current].shape != tensor.shape() ||
        m_items[m_current].dtype != tensor.dtype())
        throw std::invalid_argument("GgufWriter: a tensor of another shape or type than declared");
    append(std::span(tensor.raw(), tensor.bytes()));
}

void GgufWriter::finish()
{
    if (!m_out)
        writeHeader();
    if (m_current != m_items.size())
        throw std::invalid_argument("GgufWriter: the bytes of tensor " + m_items[m_current].name + " are missing");
    m_out->commit();
    m_out.reset();
}

} // namespace sy::formats
