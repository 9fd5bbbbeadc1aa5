// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/passages.h"

#include <string_view>
#include <vector>

namespace sy::retrieval {

/// Documents as they are read for a summary.
struct WholeReading {
    std::vector<std::vector<Passage>> parts; // in reading order; each fits one prompt
    int64_t nRead = 0, nAll = 0;             // passages of the one document, or documents when there are several
    bool isOneDocument = true;
};

/// The documents that the words name by title or file name, all of them for no words; empty when the words name none, and are
/// a topic. lastDocument: the path of the one that was talked about, which "this" means; may be empty. Records have no names.
std::vector<DocumentName> documentsNamed(Searcher& searcher, std::string_view about, std::string_view lastDocument);

/// One document is read whole, in parts of at most tokensPerPart; past maxParts an even selection of its passages is. Of several,
/// in one part, the beginnings are, of the last indexed kMostDocuments at most.
WholeReading readWhole(Searcher& searcher, std::span<const DocumentName> documents, int tokensPerPart, int maxParts);

inline constexpr size_t kMostDocuments = 12;

} // namespace sy::retrieval
