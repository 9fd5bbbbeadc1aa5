// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/store/database.h"

#include <span>

namespace sy::store {

/// One numbered step of a schema. Rows of a plain array, numbered 1, 2, 3 …; a released step is never changed.
struct Migration {
    int version;
    const char* what; // for the log and error messages, e.g. "chats and messages"
    const char* sql;
};

/// Brings the database to the last version of the list, each step in a transaction of its own. Before an existing database
/// is changed it is copied to "<file>.v<version>.backup" beside it; an existing backup of that version is replaced.
///
/// Throws StorageFailure when the file was written by a newer program (its detail says so), or when a step fails: the file
/// is then as it was before that step.
void migrate(Database& database, std::span<const Migration> migrations);

int schemaVersion(Database& database);

/// Where migrate() puts the copy of a file with this version.
std::filesystem::path backupPath(const std::filesystem::path& path, int version);

} // namespace sy::store
