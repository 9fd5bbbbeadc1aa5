// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/store/migrations.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sy::retrieval {

std::span<const store::Migration> collectionMigrations();

/// Opens, creates or upgrades a collection's own database file. Throws StorageFailure.
store::Database openCollectionDatabase(const std::filesystem::path& file);

/// Small facts about a collection that are not worth a table: which embedder made its vectors, how many dimensions they have.
std::optional<std::string> fact(store::Database& database, std::string_view key);
void setFact(store::Database& database, std::string_view key, std::string_view value);

inline constexpr std::string_view kEmbedderFact = "embedder";     // Embedder::id(); absent: lexical only
inline constexpr std::string_view kModelFact = "model";           // where that embedder is found: a library id or a path
inline constexpr std::string_view kDimensionsFact = "dimensions"; // values of a vector

} // namespace sy::retrieval
