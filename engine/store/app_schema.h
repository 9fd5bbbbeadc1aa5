// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/store/migrations.h"

#include <span>

namespace sy::store {

/// Schema of the program's own database: chats, messages, model files, names of collections. Collections have a file each, with
/// a schema of their own (retrieval/collection_schema.h).
std::span<const Migration> appMigrations();

/// Opens dataDir/switchyard.db, creating or upgrading it. Throws StorageFailure.
Database openAppDatabase(const std::filesystem::path& dataDir);

} // namespace sy::store
