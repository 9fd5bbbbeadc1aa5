// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/loaded_model.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/nn/kv_snapshot.h"

#include <algorithm>
#include <fstream>
#include <system_error>

namespace sy::api {

/// Which weights these are. A hash of the whole of a large file would take longer than what it saves, so it is of the sizes
/// and of 256 pieces spread evenly: other weights, other quantizations and other tokenizers differ in nearly all of them.
std::string fingerprintOf(const std::filesystem::path& model)
{
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(model)) {
        for (const auto& entry : std::filesystem::directory_iterator(model)) {
            if (entry.is_regular_file())
                files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
    } else {
        files.push_back(model);
    }
    constexpr uintmax_t kPieces = 256, kPieceBytes = 16 * 1024;
    Sha256 hash;
    std::vector<char> piece(kPieceBytes);
    for (const std::filesystem::path& file : files) {
        const uintmax_t bytes = std::filesystem::file_size(file);
        hash.add(std::as_bytes(std::span(&bytes, 1)));
        std::ifstream stream(file, std::ios::binary);
        const uintmax_t step = std::max(bytes / kPieces, kPieceBytes);
        for (uintmax_t at = 0; at < bytes; at += step) {
            stream.seekg(std::streamoff(at));
            stream.read(piece.data(), std::streamsize(std::min(kPieceBytes, bytes - at)));
            hash.add(std::as_bytes(std::span(piece.data(), size_t(std::max<std::streamsize>(stream.gcount(), 0)))));
            stream.clear();
        }
    }
    return hash.hex();
}

const std::string& LoadedModel::State::fingerprint()
{
    std::call_once(fingerprintOnce, [&] {
        // The same weights give other keys when they are read with other activations, fewer experts or requantized.
        fingerprintText = fingerprintOf(path) + (options.isExact ? " f32" : " fast") + " " + std::to_string(options.expertMass) + " " +
                          options.quantization;
    });
    return fingerprintText;
}

int64_t LoadedModel::saveContext(const std::vector<ChatMessage>& messages, const std::filesystem::path& file,
                                 const AdapterSetting& adapter)
{
    m_state->chat();
    return nn::savePages(*m_state->pool, m_state->encodeMessages(messages), m_state->fingerprint(), file,
                         m_state->adapterFor(adapter).variant());
}

int64_t LoadedModel::restoreContext(const std::filesystem::path& file)
{
    m_state->chat();
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
        return 0;
    return nn::restorePages(*m_state->pool, m_state->fingerprint(), file);
}

} // namespace sy::api
