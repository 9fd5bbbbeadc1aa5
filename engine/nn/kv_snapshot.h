// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/kv_cache.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace sy::nn {

/// Pages of the prefix index in a file, so that a chat which was put away goes on without reading its prompt again.
///
///     "SYKV" | version u32 | header bytes u32 | header: JSON {key, variant, layers, kvHeads, keyDim, valueDim, type,
///     pageTokens, nTokens} tokens i32 x nTokens | for each page its memory | SHA-256 of all before, 64 hexadecimal digits
///
/// Little-endian. Keys and values depend on the weights and on how this version computes, so `key` names both; whatever does
/// not match in every respect is of no use and is ignored. The variant (see KvSequence) is the file's own: its pages come back
/// as pages of that variant.
///
/// Both block for as long as the disk takes (a chat of 4000 tokens of a 1.5 B model: 115 MB).

/// Writes the whole pages that the index holds for the beginning of `tokens` in a variant. Returns the number of tokens written; with 0
/// there is no file, and one that was there is gone. Throws StorageFailure, and Unsupported when the pages' layout cannot be
/// written.
int64_t savePages(KvPool& pool, std::span<const int32_t> tokens, const std::string& key, const std::filesystem::path& file,
                  const std::string& variant = {});

/// Puts the pages of a file into the index, as far as the pool has room. Returns the number of tokens that are there now: 0
/// for a file that is missing, cut, damaged, of another model, another layout or another version. Throws nothing that a file
/// could cause.
int64_t restorePages(KvPool& pool, const std::string& key, const std::filesystem::path& file);

} // namespace sy::nn
