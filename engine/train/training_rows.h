// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/run_config.h"
#include "engine/train/text_input.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace sy::train {

/// Calls use() with every row of a file of training data and its number, which counts from 1: the line where it begins, or
/// its place in a JSON list. Of the file one row is in memory at a time, and a buffer.
///
///     .csv, .tsv, or format csv     a table: the first record names the columns; comma, semicolon or tab; quotes as in RFC
///                                   4180. A row is an object of texts. Any character set.
///     .txt, .md, or format text     the whole file is one row {"text"}. Any character set.
///     otherwise JSON (UTF-8):       a row a line (also with a byte order mark, CRLF or blank lines), one list, or an
///                                   object with one list inside.
///
/// Where the file has a mapping, a row's values are given under the names that it maps. Throws StorageFailure; BadFile with
/// the file and, where there is one, the row for what is no such file, and for a column that the mapping wants and the row
/// lacks; Cancelled; whatever use() throws. Rows before one that is wrong have been used by then.
void readRows(const DataFile& file, const std::function<void(nlohmann::json row, int64_t number)>& use,
              const TextInput::Options& options = {});

} // namespace sy::train
