// SPDX-License-Identifier: GPL-3.0-or-later
// Little-endian, nothing aligned before the tensor data:
//
//   "E5S1"  u32 version 1
//   i32     width, layers, heads, FFN width, token rows, positions, token types
//   f32     LayerNorm epsilon      i32 values a block (32)
//   i32     pieces n               i32 x 4 ids of bos, eos, pad, unknown
//   u64     bytes of piece text    u32[n+1] start of each piece, the last entry is the length
//   f32[n]  log-probabilities      piece text
//   i32     rules, u32 their bytes; each rule: u32 code point, u8 k, u32[k] replacement; by ascending code point
//   i32     tensors; each: u16 length and name, u8 type (0 F32, 1 Q4_0), u32 values, u64 offset from file start, u64 bytes
//   tensor data
//
#include "engine/formats/e5_container.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/formats/byte_cursor.h"
#include "engine/formats/mapped_file.h"
#include "engine/quant/quant_table.h"

#include <cmath>

namespace sy::formats {

namespace {

constexpr int kValuesPerBlock = 32;
constexpr uint32_t kMostPieces = 1 << 24;
constexpr uint32_t kMostTensors = 1 << 16;
constexpr uint64_t kLongestName = 255;
constexpr uint64_t kLeastTensorBytes = 2 + 1 + 1 + 4 + 8 + 8;
constexpr uint64_t kLeastRuleBytes = 4 + 1;

int takeInt(ByteCursor& in, int low, int high, const char* what)
{
    const uint64_t start = in.at();
    const auto value = in.take<int32_t>(what);
    if (value < low || value > high)
        in.fail(std::string(what) + " is " + std::to_string(value), start);
    return value;
}

void takeHeader(ByteCursor& in, E5Container& e)
{
    if (in.text(4, "the header") != "E5S1")
        in.fail("this is no E5S1 container", 0);
    if (const auto version = in.take<uint32_t>("the header"); version != 1)
        throw Unsupported(e.source, "its container version is " + std::to_string(version) + "; version 1 is read");
    e.width = takeInt(in, kValuesPerBlock, 1 << 16, "the width");
    e.nLayers = takeInt(in, 1, 1 << 10, "the number of layers");
    e.nHeads = takeInt(in, 1, 1 << 10, "the number of heads");
    e.ffnWidth = takeInt(in, kValuesPerBlock, 1 << 20, "the feed-forward width");
    e.nTokenRows = takeInt(in, 1, kMostPieces, "the number of token rows");
    e.nPositions = takeInt(in, 1, 1 << 20, "the number of positions");
    e.nTokenTypes = takeInt(in, 1, 1 << 10, "the number of token types");
    if (e.width % kValuesPerBlock != 0 || e.ffnWidth % kValuesPerBlock != 0 || e.width % e.nHeads != 0)
        in.fail("the widths do not fit heads and blocks", 8);
    const uint64_t start = in.at();
    e.layerNormEpsilon = in.take<float>("the header");
    if (!(e.layerNormEpsilon > 0 && e.layerNormEpsilon < 1))
        in.fail("the LayerNorm epsilon is out of range", start);
    takeInt(in, kValuesPerBlock, kValuesPerBlock, "the number of values a block");
}

void takePieces(ByteCursor& in, E5Container& e)
{
    const uint64_t start = in.at();
    const int n = takeInt(in, 1, e.nTokenRows, "the number of pieces");
    for (int* id : {&e.bosId, &e.eosId, &e.padId, &e.unknownId})
        *id = takeInt(in, 0, n - 1, "a special token's id");
    const auto textBytes = in.take<uint64_t>("the vocabulary");
    if (textBytes > in.left() || uint64_t(n) > in.left() / 8)
        in.fail("the vocabulary is larger than the file", start);

    std::vector<uint32_t> starts(size_t(n) + 1);
    const uint64_t startsAt = in.at();
    std::memcpy(starts.data(), in.skip(starts.size() * 4, "the vocabulary").data(), starts.size() * 4);
    e.scores.resize(size_t(n));
    const uint64_t scoresAt = in.at();
    std::memcpy(e.scores.data(), in.skip(e.scores.size() * 4, "the vocabulary").data(), e.scores.size() * 4);
    const std::string_view text = in.text(textBytes, "the vocabulary");

    if (starts.front() != 0 || starts.back() != textBytes)
        in.fail("the pieces do not cover the vocabulary's text", startsAt);
    e.pieces.reserve(size_t(n));
    for (size_t i = 0; i < size_t(n); ++i) {
        if (starts[i + 1] <= starts[i] || starts[i + 1] > textBytes)
            in.fail("piece " + std::to_string(i) + " has no text", startsAt + 4 * i);
        e.pieces.push_back(text.substr(starts[i], starts[i + 1] - starts[i]));
        if (!isValidUtf8(e.pieces.back()))
            in.fail("piece " + std::to_string(i) + " is no UTF-8", startsAt + 4 * i);
        if (!std::isfinite(e.scores[i]))
            in.fail("piece " + std::to_string(i) + " has no finite score", scoresAt + 4 * i);
    }
}

char32_t takeCodePoint(ByteCursor& in)
{
    const uint64_t start = in.at();
    const auto c = in.take<uint32_t>("the normalization rules");
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        in.fail("a normalization rule has no valid code point", start);
    return c;
}

void takeNormalization(ByteCursor& in, E5Container& e)
{
    const uint64_t start = in.at();
    const int n = takeInt(in, 0, 0x10FFFF, "the number of normalization rules");
    const auto bytes = in.take<uint32_t>("the normalization rules");
    if (bytes > in.left() || uint64_t(n) > bytes / kLeastRuleBytes)
        in.fail("the normalization rules are longer than their bytes", start);
    const uint64_t end = in.at() + bytes;
    char32_t previous = 0;
    for (int i = 0; i < n; ++i) {
        const uint64_t ruleAt = in.at();
        const char32_t from = takeCodePoint(in);
        if (from <= previous)
            in.fail("the normalization rules are not in order", ruleAt);
        previous = from;
        CharRule rule;
        appendUtf8(rule.from, from);
        const auto k = in.take<uint8_t>("the normalization rules");
        for (int j = 0; j < k; ++j)
            appendUtf8(rule.to, takeCodePoint(in));
        e.normalization.push_back(std::move(rule));
    }
    if (in.at() != end)
        in.fail("the normalization rules do not fill their bytes", start);
}

void takeTensors(ByteCursor& in, E5Container& e, std::span<const std::byte> file)
{
    const uint64_t start = in.at();
    const int n = takeInt(in, 0, kMostTensors, "the number of tensors");
    if (uint64_t(n) > in.left() / kLeastTensorBytes)
        in.fail("the tensor list is larger than the file", start);
    for (int i = 0; i < n; ++i) {
        const uint64_t at = in.at();
        const std::string_view name = in.name<uint16_t>(kLongestName, "a tensor's name");
        const std::string what = "tensor " + std::string(name);
        const auto type = in.take<uint8_t>(what);
        if (type > 1)
            in.fail(what + " has the unknown type " + std::to_string(type), at);
        E5Container::Tensor tensor{type == 0 ? DType::F32 : DType::Q4_0, in.take<uint32_t>(what), {}};
        const auto offset = in.take<uint64_t>(what);
        const auto bytes = in.take<uint64_t>(what);
        const quant::QuantType& format = *quant::find(tensor.dtype);
        if (tensor.nValues % uint64_t(format.valuesPerBlock) != 0 ||
            bytes != tensor.nValues / uint64_t(format.valuesPerBlock) * uint64_t(format.bytesPerBlock))
            in.fail(what + " has " + std::to_string(bytes) + " bytes for " + std::to_string(tensor.nValues) + " values", at);
        if (offset > file.size() || bytes > file.size() - offset)
            in.fail(what + " ends past the end of the file", at);
        tensor.bytes = file.subspan(offset, bytes);
        if (!e.tensors.emplace(name, tensor).second)
            in.fail(what + " occurs twice", at);
    }
}

} // namespace

E5Container E5Container::parse(std::span<const std::byte> bytes, std::string name, std::shared_ptr<const void> owner)
{
    E5Container e{};
    e.source = std::move(name);
    e.owner = std::move(owner);
    ByteCursor in(bytes, e.source);
    takeHeader(in, e);
    takePieces(in, e);
    takeNormalization(in, e);
    takeTensors(in, e, bytes);
    return e;
}

E5Container E5Container::open(const std::filesystem::path& path)
{
    auto file = MappedFile::open(path);
    return parse(file->bytes(), path.string(), file);
}

} // namespace sy::formats
