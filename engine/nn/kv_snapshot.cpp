// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/kv_snapshot.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/formats/new_file.h"
#include "engine/quant/quant_table.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

namespace sy::nn {

namespace {

constexpr char kMagic[4] = {'S', 'Y', 'K', 'V'};
constexpr uint32_t kVersion = 4; // raised with the format and with any change to what is computed
constexpr uint32_t kMostHeaderBytes = 4096;
constexpr int64_t kPageTokens = KvLayout::kPageTokens;

struct LayerBytes {
    size_t keys, values; // of one layer in one page
};

std::optional<LayerBytes> layerBytes(const KvLayout& layout)
{
    const size_t rows = size_t(layout.nKvHeads) * size_t(kPageTokens);
    const LayerBytes bytes{rows * ops::kvRowBytes(layout.dtype, layout.keyDim), rows * ops::kvRowBytes(layout.dtype, layout.valueDim)};
    if (layout.window > 0 || layout.stateFloats > 0) // pages that have passed are gone, and a state is not in pages
        return std::nullopt;
    if (layout.pageBytes() != size_t(layout.nLayers) * (bytes.keys + bytes.values))
        return std::nullopt;
    return bytes;
}

std::string headerOf(const KvLayout& layout, const std::string& key, const std::string& variant, int64_t nTokens)
{
    return nlohmann::json{{"key", key},
                          {"variant", variant},
                          {"layers", layout.nLayers},
                          {"kvHeads", layout.nKvHeads},
                          {"keyDim", layout.keyDim},
                          {"valueDim", layout.valueDim},
                          {"type", quant::typeName(layout.dtype)},
                          {"pageTokens", kPageTokens},
                          {"nTokens", nTokens}}
        .dump();
}

// Calls use(memory, bytes) for each layer's part of a page, in the order of the file.
template <typename Use>
void eachPart(const KvSequence& sequence, const KvLayout& layout, const LayerBytes& bytes, size_t page, Use use)
{
    for (int layer = 0; layer < layout.nLayers; ++layer) {
        const ops::KvPages pages = sequence.pages(layer);
        use(const_cast<std::byte*>(pages.keys[page]), bytes.keys);
        if (bytes.values > 0)
            use(const_cast<std::byte*>(pages.values[page]), bytes.values);
    }
}

/// A file read from front to back, everything it gives counted into its checksum.
class Reading {
public:
    explicit Reading(const std::filesystem::path& file) : m_stream(file, std::ios::binary) {}

    bool read(void* to, size_t n)
    {
        m_stream.read(static_cast<char*>(to), std::streamsize(n));
        if (size_t(m_stream.gcount()) != n)
            return false;
        m_checksum.add({static_cast<const std::byte*>(to), n});
        return true;
    }

    bool endsWithItsChecksum()
    {
        char stored[64];
        m_stream.read(stored, sizeof stored);
        return m_stream.gcount() == sizeof stored && m_checksum.hex() == std::string_view(stored, sizeof stored) &&
               m_stream.peek() == std::ifstream::traits_type::eof();
    }

private:
    std::ifstream m_stream;
    Sha256 m_checksum;
};

} // namespace

int64_t savePages(KvPool& pool, std::span<const int32_t> tokens, const std::string& key, const std::filesystem::path& file,
                  const std::string& variant)
{
    const KvLayout& layout = pool.layout();
    const auto bytes = layerBytes(layout);
    if (!bytes)
        throw Unsupported("saving this model's KV cache", "its pages are not keys and values of every layer");
    std::vector<int32_t> prompt(tokens.begin(), tokens.end());
    prompt.push_back(0); // adopting leaves one token to compute; let it not be one of ours
    KvSequence sequence(pool, variant);
    const int64_t nTokens = sequence.adoptPrefix(prompt);
    if (nTokens == 0) {
        std::error_code ignored;
        std::filesystem::remove(file, ignored);
        return 0;
    }
    formats::NewFile out(file);
    Sha256 checksum;
    const auto write = [&](const void* from, size_t n) {
        const std::span part(static_cast<const std::byte*>(from), n);
        checksum.add(part);
        out.write(part);
    };
    const std::string header = headerOf(layout, key, variant, nTokens);
    const uint32_t sizes[2] = {kVersion, uint32_t(header.size())};
    write(kMagic, sizeof kMagic);
    write(sizes, sizeof sizes);
    write(header.data(), header.size());
    write(tokens.data(), size_t(nTokens) * sizeof(int32_t));
    for (int64_t page = 0; page < nTokens / kPageTokens; ++page)
        eachPart(sequence, layout, *bytes, size_t(page), write);
    const std::string sum = checksum.hex();
    out.write({reinterpret_cast<const std::byte*>(sum.data()), sum.size()});
    out.commit();
    return nTokens;
}

int64_t restorePages(KvPool& pool, const std::string& key, const std::filesystem::path& file)
{
    const KvLayout& layout = pool.layout();
    const auto bytes = layerBytes(layout);
    std::error_code failed;
    const uintmax_t fileBytes = std::filesystem::file_size(file, failed);
    if (!bytes || failed)
        return 0;
    Reading in(file);
    char magic[4];
    uint32_t sizes[2];
    if (!in.read(magic, sizeof magic) || std::memcmp(magic, kMagic, sizeof magic) != 0 || !in.read(sizes, sizeof sizes) ||
        sizes[0] != kVersion || sizes[1] > kMostHeaderBytes)
        return 0;
    std::string header(sizes[1], '\0');
    if (!in.read(header.data(), header.size()))
        return 0;
    const auto fields = nlohmann::json::parse(header, nullptr, false);
    if (!fields.is_object() || !fields.contains("nTokens") || !fields["nTokens"].is_number_unsigned())
        return 0;
    if (!fields.contains("variant") || !fields["variant"].is_string())
        return 0;
    const uint64_t nTokens = fields["nTokens"].get<uint64_t>();
    const auto variant = fields["variant"].get<std::string>();
    const uint64_t most = fileBytes / (layout.pageBytes() + sizeof(int32_t) * kPageTokens) * kPageTokens;
    if (nTokens == 0 || nTokens > most || nTokens % kPageTokens != 0 ||
        header != headerOf(layout, key, variant, int64_t(nTokens)) ||
        int64_t(nTokens) > pool.freeTokens())
        return 0;
    std::vector<int32_t> tokens(nTokens);
    if (!in.read(tokens.data(), tokens.size() * sizeof(int32_t)))
        return 0;
    {
        KvSequence there(pool, variant);
        std::vector<int32_t> prompt = tokens;
        prompt.push_back(0);
        if (there.adoptPrefix(prompt) == int64_t(nTokens))
            return int64_t(nTokens); // nobody has given them up yet
    }
    KvSequence sequence(pool, variant);
    try {
        sequence.append(tokens);
    } catch (const OutOfMemory&) {
        return 0;
    }
    bool isWhole = true;
    for (size_t page = 0; isWhole && page < nTokens / kPageTokens; ++page)
        eachPart(sequence, layout, *bytes, page, [&](std::byte* to, size_t n) { isWhole = isWhole && in.read(to, n); });
    if (!isWhole || !in.endsWithItsChecksum())
        return 0; // nothing was published, so nobody has seen the pages
    sequence.publish();
    return int64_t(nTokens);
}

} // namespace sy::nn
