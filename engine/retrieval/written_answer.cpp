// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/written_answer.h"

namespace sy::retrieval {

void writeAnswer(AnswerOutcome& outcome, const Generate& generate, const std::vector<Turn>& prompt, int64_t maxTokens,
                 const Attribution& attribution, int maxSentences, const AnswerEvents& events, const std::stop_token& stop)
{
    AnswerText text(attribution, maxSentences);
    double logprobs = 0;
    int64_t nTokens = 0;
    const Generated generated = generate(
        prompt, maxTokens, Purpose::answer,
        [&](std::string_view piece, double logprob) {
            logprobs += logprob;
            ++nTokens;
            const bool goesOn = text.add(piece);
            if (events.onText)
                events.onText(text);
            return goesOn;
        },
        stop);
    text.finish(generated.isCut || generated.isCancelled);
    outcome.isCancelled = generated.isCancelled;
    outcome.text = text.text();
    outcome.sentences = text.sentences();
    outcome.cited = text.cited();
    outcome.meanLogprob = nTokens ? logprobs / double(nTokens) : 0;
}

} // namespace sy::retrieval
