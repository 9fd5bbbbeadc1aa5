// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/answer_text.h"
#include "engine/retrieval/answerability.h"
#include "engine/retrieval/embedder.h"
#include "engine/retrieval/prompt.h"
#include "engine/retrieval/searcher.h"

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::retrieval {

/// Generates text for a prompt: the loaded chat model in the program, a fake in tests. onText gets each piece and the log
/// probability of its token, and returns false when it is enough. isCut of the result: the length limit or a cancel ended
/// it.
struct Generated {
    std::string text;
    bool isCut = false;
    bool isCancelled = false;
};
enum class Purpose { condense, check, part, answer }; // part: of a document that is being summarized
using Generate = std::function<Generated(const std::vector<Turn>& prompt, int64_t maxTokens, Purpose purpose,
                                         const std::function<bool(std::string_view piece, double logprob)>& onText,
                                         std::stop_token stop)>;

struct AnswerRequest {
    std::string question;
    std::vector<Turn> history;     // earlier turns, oldest first
    std::string addedInstructions; // to our system message
    int nRetrieved = 6;            // shown as sources; the prompt takes what its budget allows
    int64_t maxTokens = 160;
    int maxSentences = 2; // as the prompt asks for
    PassageBudget budget;
    std::string lastDocument; // the path that "this document" means; may be empty
    int summaryBudget = 2400; // tokens of a document that are read at once for a summary
    int64_t summaryTokens = 360;
};

struct AnswerEvents {
    std::function<void(const std::vector<SearchHit>& hits, const std::vector<Passage>& shown)>
        onSources; // right after retrieval
    std::function<void(const AnswerText&)> onText;
    std::function<void(int part, int nParts)> onPart; // before each prompt of a summary that takes several
};

struct AnswerOutcome {
    std::string text; // with markers
    bool isRefused = false;
    bool isCancelled = false;
    std::string queryUsed; // what was searched for
    std::vector<SearchHit> hits;
    std::vector<Passage> shown; // to the model, in prompt order
    std::vector<int> cited;     // indices into shown; marker n is cited[n - 1]
    std::vector<AnswerSentence> sentences;
    AnswerSigns signs;
    double score = 0;              // answerScore, with the model's opinion where it was asked
    std::optional<double> opinion; // what the model said of the passages: log odds that they hold the answer
    double meanLogprob = 0;        // of the answer's tokens; 0 when nothing was generated
    double retrievalMs = 0;
};

/// Answers a question from a collection: condenses a follow-up, retrieves, decides whether the answer is there (asking the
/// model too when the retrieval alone leaves it open), generates and attributes. A summary of documents is made by summarize()
/// instead. embedder may be null (words only). Throws what search, embedder and model throw; Cancelled before the first word of
/// the answer, later a cancel gives what there is.
AnswerOutcome answer(Searcher& searcher, Embedder* embedder, const Generate& generate, const AnswerRequest& request,
                     const AnswerEvents& events = {}, std::stop_token stop = {});

} // namespace sy::retrieval
