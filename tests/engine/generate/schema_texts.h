// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace sy::test {

struct SchemaTexts {
    const char* name;
    const char* schema;
    std::vector<std::string> good, bad; // what the grammar accepts and what not
};
const std::vector<SchemaTexts>& schemaTexts();

struct RefusedSchema {
    const char* name;
    const char* schema;
    std::vector<std::string> words; // in the message
};
const std::vector<RefusedSchema>& unsupportedSchemas(); // refused as Unsupported
const std::vector<RefusedSchema>& badSchemas();         // as BadFile

} // namespace sy::test
