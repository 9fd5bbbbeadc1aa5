// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/data_columns.h"

#include "engine/train/row_format.h"
#include "engine/train/training_rows.h"

namespace sy::api {

namespace {

constexpr size_t kMostRows = 5;

struct Enough {};

} // namespace

DataColumns readDataColumns(const std::filesystem::path& file, std::stop_token stop)
{
    DataColumns columns;
    const auto use = [&](const nlohmann::json& row, int64_t) {
        if (!row.is_object())
            return;
        if (columns.rows.empty()) {
            const train::DataFormat format = train::recognizeRow(row);
            if (format != train::DataFormat::automatic)
                columns.format = train::formatName(format);
            for (const auto& [name, value] : row.items())
                columns.names.push_back(name);
        }
        std::vector<std::string>& values = columns.rows.emplace_back();
        for (const std::string& name : columns.names) {
            const auto found = row.find(name);
            values.push_back(found == row.end()    ? std::string()
                             : found->is_string() ? found->get<std::string>()
                                                  : found->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        }
        if (columns.rows.size() == kMostRows)
            throw Enough();
    };
    try {
        train::readRows({file.string()}, use, {.stop = stop});
    } catch (const Enough&) { // the rest is not read
    }
    return columns;
}

} // namespace sy::api
