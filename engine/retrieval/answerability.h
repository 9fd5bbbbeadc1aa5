// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/passages.h"
#include "engine/retrieval/searcher.h"

#include <span>

namespace sy::retrieval {

/// What speaks for and against the answer being in the passages; seen before a word is generated.
struct AnswerSigns {
    double coverage = 0;         // best of the first three: share of the question's word weight in the passage
    double sentenceCoverage = 0; // the same for single sentences
    double coverageLead = 0;     // of the first passage over the mean of the next three
    double cosineLead = 0;       // of the nearest passage over the next one
    double sentenceCosine = 0;   // best sentence's cosine above the mean; 0 when unknown
    bool doBothAgree = false;    // words and meaning have the same best passage
    bool hasVectors = false;
    bool isCrossLanguage = false; // question and passages are written in different scripts: words say nothing
    bool isCjk = false;           // the question is
};

/// nearestSentence: the best cosine of a sentence of the passages, or 0.
AnswerSigns answerSigns(const SearchOutcome& outcome, const TermWeights& weights, std::string_view question,
                        double nearestSentence);

/// How likely the answer is there, as log odds; 0 is the point at which the documents are said not to have it.
double answerScore(const AnswerSigns& signs);

/// Whether what the model says of the passages could change the decision. It reads them for the answer anyway; the question
/// costs one line more.
bool isDoubtful(double score);
/// The score with the model's opinion: log odds that the passages hold the answer, see checkLogOdds().
double scoreWithOpinion(double score, double logOdds, bool isCjk);

} // namespace sy::retrieval
