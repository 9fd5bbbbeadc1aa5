// SPDX-License-Identifier: GPL-3.0-or-later
// What guessing ahead gains, what a schema costs, how long a prompt keeps another answer waiting and how soon a stop is
// felt.
//      bench_generation MODEL.gguf [threads] [tokens] [DRAFT.gguf: only what a draft model gains]
#include "engine/api/loaded_model.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

using namespace sy;
using namespace sy::api;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string passages(int n)
{
    std::string text;
    for (int i = 1; i <= n; ++i) {
        const std::string id = std::to_string(100 + 7 * i);
        text += "[" + std::to_string(i) + "] The feed pump P-" + id + " stands in hall " + std::to_string(i % 3 + 1) +
                ". Its shaft seal is inspected every " + std::to_string(2 + i % 5) + " weeks; when it drips more than " +
                std::to_string(10 + i) + " drops a minute it is replaced by seal type S-" + std::to_string(30 + i) +
                ". The bearing temperature of P-" + id + " must stay below " + std::to_string(70 + i) + " degrees.\n\n";
    }
    return text;
}

GenerationRequest request(const std::string& user, int64_t maxTokens)
{
    GenerationRequest r;
    r.messages = {{"system", "You answer from the passages and quote them."}, {"user", user}};
    r.sampling.temperature = 0;
    r.maxTokens = maxTokens;
    return r;
}

/// New text, where looking up what was said before finds little.
int benchDraft(const std::shared_ptr<Processor>& processor, const char* path, const char* draftPath, int64_t nTokens)
{
    const auto draft = openModel(processor, draftPath, {}, {});
    const auto model = openModel(processor, path, {.draft = draftPath}, {}, {}, memoryState().availableBytes, draft);
    const std::pair<const char*, const char*> questions[] = {
        {"code", "Write a C++ function that parses an ISO 8601 date, with comments."},
        {"prose", "Tell a story about a lighthouse keeper and a storm."},
        {"facts", "Explain how a heat pump works, step by step."},
    };
    for (const auto& [name, question] : questions) {
        for (const double temperature : {0.0, 0.7}) {
            GenerationResult results[2];
            double fastest[2] = {0, 0};
            for (const bool guesses : {false, true, false, true}) {
                GenerationRequest r = request(question, nTokens);
                r.sampling.temperature = temperature;
                r.sampling.seed = 1;
                r.guessesAhead = guesses;
                results[guesses] = model->generate(r, {});
                fastest[guesses] = std::max(fastest[guesses], results[guesses].decodeTokensPerSecond);
            }
            std::printf("%s, temperature %.1f: %.1f tokens/s alone, %.1f with the draft; %d of %d drafts true, %d of %d lookups; the texts are %s\n", name,
                        temperature, fastest[0], fastest[1], int(results[1].trueDrafts), int(results[1].draftedTokens),
                        int(results[1].trueGuesses - results[1].trueDrafts), int(results[1].guessedTokens - results[1].draftedTokens),
                        results[0].text == results[1].text ? "the same" : "DIFFERENT");
            std::fflush(stdout);
        }
    }
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 2)
        return 2;
    const auto processor = std::make_shared<Processor>(argc > 2 ? std::atoi(argv[2]) : cpu::physicalCores());
    const int64_t nTokens = argc > 3 ? std::atoll(argv[3]) : 80;
    if (argc > 4)
        return benchDraft(processor, argv[1], argv[4], nTokens);
    const auto model = openModel(processor, argv[1], {}, {});

    GenerationRequest quote =
        request(passages(5) + "Repeat the passage about each pump word by word, with its number in brackets.", nTokens);
    std::string texts[2];
    model->generate(quote, {}); // fills the prefix cache
    for (const bool guesses : {false, true, false, true}) {
        quote.guessesAhead = guesses;
        const GenerationResult result = model->generate(quote, {});
        texts[guesses] = result.text;
        std::printf("quoting answer, guessing %s: %.1f tokens/s, %d of %d guesses true, %d of %d prompt tokens cached\n",
                    guesses ? "on " : "off", result.decodeTokensPerSecond, int(result.trueGuesses),
                    int(result.guessedTokens), int(result.cachedTokens), int(result.promptTokens));
    }
    std::printf("the texts are %s\n", texts[0] == texts[1] ? "the same" : "DIFFERENT");

    GenerationRequest record = request(
        passages(2) + "List each pump as JSON: id, weeks between inspections, limit in degrees, and a note.", nTokens);
    record.guessesAhead = false;
    for (const bool hasSchema : {false, true, false, true}) {
        record.schema =
            hasSchema
                ? R"({"type":"array","items":{"type":"object","properties":{"id":{"type":"string","pattern":"^P-[0-9]+$"},
            "weeks":{"type":"integer","minimum":1},"degrees":{"type":"number"},"note":{"type":"string","maxLength":200}},"required":["id","weeks","degrees","note"]}})"
                : "";
        const GenerationResult result = model->generate(record, {});
        std::printf("schema %s: %.1f tokens/s, %d tokens\n", hasSchema ? "on " : "off", result.decodeTokensPerSecond,
                    int(result.generatedTokens));
    }

    std::stop_source enough;
    std::atomic<int> nSeen{0};
    double longest = 0, alone = 0;
    std::atomic<bool> isReading{false};
    std::jthread writer([&] {
        GenerationRequest story = request("Tell a long story about a lighthouse.", 0);
        story.guessesAhead = false;
        model->generate(
            story,
            [&](const TokenEvent& token) {
                if (++nSeen > 3)
                    (isReading ? longest : alone) = std::max(isReading ? longest : alone, token.ms);
                return true;
            },
            enough.get_token());
    });
    while (nSeen < 12)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    isReading = true;
    const auto start = Clock::now();
    const GenerationResult read = model->generate(request("Consider. " + passages(4) + "Which pump is hottest?", 1), {});
    std::printf("beside a prompt of %d tokens (%.1f s) the other answer's longest pause was %.0f ms; alone %.0f ms\n",
                int(read.promptTokens - read.cachedTokens), secondsSince(start), longest, alone);
    enough.request_stop();
    writer.join();

    std::stop_source stop;
    Clock::time_point asked;
    std::jthread impatient([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(1500));
        asked = Clock::now();
        stop.request_stop();
    });
    model->generate(request("Please. " + passages(8), 1), {}, stop.get_token());
    std::printf("a stop in the middle of a prompt took %.0f ms\n", secondsSince(asked) * 1e3);
    return 0;
}
