// SPDX-License-Identifier: GPL-3.0-or-later
// What a chat is like beside a training run of the same model, what the run loses by it, and how soon a chat has changed its
// adapter.
//      bench_beside_training MODEL.gguf [threads] [ADAPTER.gguf]
#include "engine/api/bench.h"
#include "engine/api/engine.h"
#include "engine/api/models.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

using namespace sy;
using namespace sy::api;

namespace {

using Clock = std::chrono::steady_clock;

double msSince(Clock::time_point start)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

GenerationRequest request(const std::string& user, int64_t maxTokens)
{
    GenerationRequest r;
    r.messages = {{"user", user}};
    r.sampling.temperature = 0;
    r.maxTokens = maxTokens;
    r.guessesAhead = false;
    return r;
}

// An answer's pauses between tokens.
void printAnswer(LoadedModel& model, const char* where, const std::string& question)
{
    std::vector<double> ms;
    const GenerationResult r = model.generate(request(question, 48), [&](const TokenEvent& token) {
        ms.push_back(token.ms);
        return true;
    });
    const BenchResult::Spread pauses = spreadOf({ms.begin() + 1, ms.end()});
    std::printf("%s: first token after %.0f ms (%d of %d prompt tokens cached), then %.0f ms a token, %.0f to %.0f\n", where,
                r.timeToFirstTokenMs, int(r.cachedTokens), int(r.promptTokens), pauses.median, pauses.min, pauses.max);
    std::fflush(stdout);
}

void benchAdapterSwitch(LoadedModel& model, const char* adapter)
{
    int n = 0;
    // Each question is a new one: whatever is cached is the template's beginning.
    const auto firstToken = [&](double strength, const char* what) {
        GenerationRequest r = request("Question " + std::to_string(++n) + ": name a colour.", 1);
        if (strength > 0)
            r.adapter = {adapter, strength};
        const auto start = Clock::now();
        const GenerationResult result = model.generate(r, {});
        std::printf("%s: %.0f ms to the first token, of it %.0f for reading %d tokens\n", what, msSince(start),
                    result.timeToFirstTokenMs, int(result.promptTokens - result.cachedTokens));
    };
    firstToken(0, "without an adapter");
    firstToken(0, "without an adapter");
    firstToken(1, "the adapter, never read before");
    firstToken(0, "without again");
    firstToken(1, "the adapter again");
    firstToken(0.5, "at half its strength");
    firstToken(0, "without again");
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 2)
        return 2;
    const auto dataDir = std::filesystem::temp_directory_path() / "bench_beside_training";
    EngineOptions options;
    options.dataDir = dataDir;
    if (argc > 2)
        options.nThreads = std::atoi(argv[2]);
    Engine engine(options);
    const auto model = engine.models().load(argv[1], {});
    model->generate(request("Hello.", 8), {}); // all that is packed in the background is
    std::this_thread::sleep_for(std::chrono::seconds(5));
    if (argc > 3)
        benchAdapterSwitch(*model, argv[3]);

    TrainBenchOptions training;
    training.nRepeat = 2;
    const auto alone = benchTraining(engine, argv[1], training);
    printAnswer(*model, "alone", "Tell a long story about a lighthouse.");
    std::atomic<bool> isOver{false};
    std::jthread run([&] {
        training.nRepeat = 4;
        const auto beside = benchTraining(engine, argv[1], training);
        isOver = true;
        std::printf("training, 512 tokens a step: %.1f tokens/s alone, %.1f to %.1f beside these answers\n",
                    alone.trainTokensPerSecond.median, beside.trainTokensPerSecond.min, beside.trainTokensPerSecond.max);
    });
    std::this_thread::sleep_for(std::chrono::seconds(8)); // it has packed its weights
    for (int i = 1; !isOver && i <= 6; ++i) {
        printAnswer(*model, "beside training", "Tell another story, number " + std::to_string(i) + ", about a storm.");
        std::this_thread::sleep_for(std::chrono::seconds(4));
    }
    run.join();
    std::filesystem::remove_all(dataDir);
}
