// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/passages.h"

#include "engine/documents/chunker.h"
#include "engine/documents/normalize.h"
#include "engine/retrieval/prepared_document.h"
#include "engine/store/terms.h"

#include <algorithm>
#include <unordered_set>

namespace sy::retrieval {

namespace {

constexpr double kDuplicateShare = 0.8; // of the smaller one's distinct terms

std::unordered_set<std::string> termSet(std::string_view text)
{
    std::unordered_set<std::string> terms;
    store::forEachTerm(text, store::TermMode::query, [&](const store::Term& term) { terms.emplace(term.text); });
    return terms;
}

bool isNearDuplicate(const std::unordered_set<std::string>& a, const std::unordered_set<std::string>& b)
{
    const auto& smaller = a.size() < b.size() ? a : b;
    const auto& larger = a.size() < b.size() ? b : a;
    const auto nShared =
        std::count_if(smaller.begin(), smaller.end(), [&](const std::string& term) { return larger.contains(term); });
    return !smaller.empty() && double(nShared) > kDuplicateShare * double(smaller.size());
}

} // namespace

Passage partOf(const SearchHit& hit, size_t startByte, size_t endByte)
{
    Passage part;
    part.hit = hit;
    part.text = hit.text.substr(startByte, endByte - startByte);
    const int64_t before = documents::countCodePoints(std::string_view(hit.text).substr(0, startByte));
    const int64_t length = documents::countCodePoints(part.text);
    // Past the page break the text starts again at the next page's beginning, after the line feed that joins the two.
    const auto place = [&](int64_t point, int& page) {
        if (hit.pageBreak >= 0 && point >= hit.pageBreak) {
            page = hit.endPage;
            return point - hit.pageBreak;
        }
        page = hit.page;
        return hit.start + point;
    };
    part.start = place(before, part.page);
    part.end = place(before + length, part.endPage);
    if (before + length == documents::countCodePoints(hit.text)) {
        part.end = hit.end;
        part.endPage = hit.endPage;
    }
    return part;
}

Passage trimmedPassage(const SearchHit& hit, const TermWeights& weights, int maxTokens)
{
    const auto sentences = documents::splitSentences(hit.text);
    if (sentences.size() < 2 || estimatedTokens(hit.text) <= maxTokens)
        return partOf(hit, 0, hit.text.size());
    size_t bestStart = 0, bestEnd = 0;
    double best = -1;
    size_t end = 0;
    for (size_t start = 0; start < sentences.size(); ++start) {
        end = std::max(end, start + 1);
        const auto textTo = [&](size_t last) {
            return std::string_view(hit.text).substr(sentences[start].start,
                                                     sentences[last - 1].end - sentences[start].start);
        };
        while (end < sentences.size() && estimatedTokens(textTo(end + 1)) <= maxTokens)
            ++end;
        // The earlier run wins a tie: a section says first what it is about.
        const double coverage = weights.coverage(textTo(end));
        if (coverage > best + 1e-9) {
            best = coverage;
            bestStart = start;
            bestEnd = end;
        }
        if (end == sentences.size())
            break;
    }
    return partOf(hit, sentences[bestStart].start, sentences[bestEnd - 1].end);
}

double bestSentenceCoverage(std::string_view text, const TermWeights& weights)
{
    double best = 0;
    for (const documents::SentenceSpan& sentence : documents::splitSentences(text))
        best = std::max(best, weights.coverage(text.substr(sentence.start, sentence.end - sentence.start)));
    return best;
}

std::vector<Passage> selectPassages(std::span<const SearchHit> hits, const TermWeights& weights, const PassageBudget& budget)
{
    std::vector<Passage> out;
    std::vector<std::unordered_set<std::string>> taken;
    int tokensLeft = budget.totalTokens;
    for (const SearchHit& hit : hits) {
        if (int(out.size()) >= budget.maxPassages)
            break;
        Passage passage = trimmedPassage(hit, weights, std::min(budget.tokensPerPassage, std::max(tokensLeft, 0)));
        const int nTokens = estimatedTokens(passage.text);
        if (!out.empty() && nTokens > tokensLeft)
            break;
        auto terms = termSet(passage.text);
        if (std::any_of(taken.begin(), taken.end(), [&](const auto& other) { return isNearDuplicate(terms, other); }))
            continue;
        tokensLeft -= nTokens;
        taken.push_back(std::move(terms));
        out.push_back(std::move(passage));
    }
    // A small model answers from the first passage that speaks of the matter. One sentence with all words of the question is
    // more likely the answer than a passage about it.
    const auto promise = [&](const Passage& passage) {
        return passage.hit.ranks.score + bestSentenceCoverage(passage.text, weights);
    };
    std::stable_sort(out.begin(), out.end(), [&](const Passage& a, const Passage& b) { return promise(a) > promise(b); });
    return out;
}

} // namespace sy::retrieval
