// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/chats.h"

#include <optional>
#include <string>
#include <vector>

namespace sy::api {

/// How an answer's citations, support and timings are kept in the database. An empty text stands for nothing. Reading is
/// forgiving: a missing key keeps its default and damaged text gives nothing, since a chat must open whatever one column holds.
std::string toJson(const std::vector<Citation>& citations);
std::string toJson(const std::vector<SentenceSupport>& support);
std::string toJson(const std::optional<MessageTimings>& timings);
std::vector<Citation> citationsFromJson(const std::string& text);
std::vector<SentenceSupport> supportFromJson(const std::string& text);
std::optional<MessageTimings> timingsFromJson(const std::string& text);

} // namespace sy::api
