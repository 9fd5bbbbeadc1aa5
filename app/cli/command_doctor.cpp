// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "engine/api/models.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace sy::app {

Action declareDoctor(CLI::App& command)
{
    command.footer("Ends with status 0 also when something is wrong; JSON: {good, checks: [{topic, value, good, remedy}]}.\n\nExample:\n"
                   "  switchyard doctor");
    return [](CommandContext& context) {
        const auto rows = api::doctor(context.engine());
        Console& console = context.console();
        if (console.isJson()) {
            auto checks = nlohmann::ordered_json::array();
            for (const auto& row : rows)
                checks.push_back({{"topic", row.topic}, {"value", row.value}, {"good", row.isGood}, {"remedy", row.remedy}});
            console.printJson({{"good", std::ranges::all_of(rows, &api::DoctorRow::isGood)}, {"checks", checks}});
            return 0;
        }
        for (const auto& row : rows) {
            console.printLine(std::string(row.isGood ? "ok    " : "LOOK  ") + row.topic + ": " + row.value);
            if (!row.isGood)
                console.printLine("      " + row.remedy);
        }
        return 0;
    };
}

} // namespace sy::app
