// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/whole_documents.h"

#include "engine/retrieval/prepared_document.h"
#include "engine/retrieval/summary_wish.h"

#include <algorithm>
#include <filesystem>

namespace sy::retrieval {

namespace {

constexpr double kNamed = 0.75; // share of the words' weight that a name has to have

std::string nameOf(const DocumentName& document)
{
    return document.title + " " + std::filesystem::path(document.path).stem().string();
}

std::vector<DocumentName> bestNamed(const std::vector<DocumentName>& all, const TermWeights& asked)
{
    double best = kNamed;
    std::vector<DocumentName> named;
    for (const DocumentName& document : all) {
        const double share = asked.coverage(nameOf(document));
        if (share > best + 1e-9)
            named.clear();
        if (share >= best - 1e-9) {
            best = std::max(best, share);
            named.push_back(document);
        }
    }
    return named;
}

// An even share of the chunks, in parts of at most so many tokens (a chunk alone may have more).
std::vector<std::vector<Passage>> packed(const std::vector<SearchHit>& chunks, double kept, int tokensPerPart)
{
    std::vector<std::vector<Passage>> parts;
    int filled = 0;
    for (size_t i = 0; i < chunks.size(); ++i) {
        if (int64_t(double(i + 1) * kept) == int64_t(double(i) * kept))
            continue;
        const int size = estimatedTokens(chunks[i].text);
        if (parts.empty() || filled + size > tokensPerPart) {
            parts.emplace_back();
            filled = 0;
        }
        filled += size;
        parts.back().push_back(partOf(chunks[i], 0, chunks[i].text.size()));
    }
    return parts;
}

} // namespace

std::vector<DocumentName> documentsNamed(Searcher& searcher, std::string_view about, std::string_view lastDocument)
{
    std::vector<DocumentName> all = searcher.documents();
    std::erase_if(all, [](const DocumentName& document) { return document.isRecord; });
    if (about.empty()) {
        const auto last = std::find_if(all.begin(), all.end(), [&](const DocumentName& d) { return d.path == lastDocument; });
        return last == all.end() ? all : std::vector<DocumentName>{*last};
    }
    std::vector<DocumentName> named = bestNamed(all, searcher.weights(queryTerms(about)));
    if (named.empty()) // "the observatory report" may be called "Observatory 2025"
        named = bestNamed(all, searcher.weights(queryTerms(withoutDocumentWords(about))));
    return named;
}

WholeReading readWhole(Searcher& searcher, std::span<const DocumentName> documents, int tokensPerPart, int maxParts)
{
    WholeReading reading;
    reading.isOneDocument = documents.size() == 1;
    if (!reading.isOneDocument) {
        const std::span<const DocumentName> last = documents.last(std::min(documents.size(), kMostDocuments));
        reading.nAll = int64_t(documents.size());
        reading.nRead = int64_t(last.size());
        if (last.empty())
            return reading;
        reading.parts.emplace_back();
        const int share = tokensPerPart / int(last.size());
        for (const DocumentName& document : last)
            if (const std::vector<SearchHit> chunks = searcher.chunks(document.id, 1); !chunks.empty())
                reading.parts.back().push_back(trimmedPassage(chunks.front(), {}, share));
        return reading;
    }
    const std::vector<SearchHit> chunks = searcher.chunks(documents.front().id);
    // Parts are not filled to the last token, so how much fits shows in the packing.
    for (double kept = 1;; kept *= double(maxParts) / double(reading.parts.size()) * 0.99) {
        reading.parts = packed(chunks, kept, tokensPerPart);
        if (int(reading.parts.size()) <= maxParts)
            break;
    }
    for (const std::vector<Passage>& part : reading.parts)
        reading.nRead += int64_t(part.size());
    reading.nAll = int64_t(chunks.size());
    return reading;
}

} // namespace sy::retrieval
