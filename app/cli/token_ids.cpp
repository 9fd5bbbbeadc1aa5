// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/token_ids.h"

#include "app/cli/command.h"

#include <sstream>

namespace sy::app {

std::vector<int32_t> parseIds(const std::string& text)
{
    std::istringstream in(text);
    std::vector<int32_t> ids;
    for (int32_t id = 0; in >> id;)
        ids.push_back(id);
    if (!in.eof())
        throw UsageError("token ids are whole numbers with white space between them");
    if (ids.empty())
        throw UsageError("there are no token ids");
    return ids;
}

void checkIds(std::span<const int32_t> ids, const api::LoadedModel& model)
{
    const int64_t nVocabulary = model.facts().nVocabulary;
    for (const int32_t id : ids) {
        if (id < 0 || id >= nVocabulary)
            throw UsageError("token " + std::to_string(id) + " is not among this model's 0 to " + std::to_string(nVocabulary - 1));
    }
}

} // namespace sy::app
