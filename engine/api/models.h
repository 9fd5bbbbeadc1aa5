// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/library.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::api {

class Engine;
struct MemoryState;
struct Trace;

/// Of keys and values in the cache. q8_0: 8 bits in blocks of 32 with a scale, about half of f16.
enum class KvType : uint8_t { automatic, f32, f16, q8_0 }; // automatic: f16, with isExact f32
std::string toString(KvType type);                         // "q8_0"
std::optional<KvType> kvTypeOf(const std::string& name);   // "auto", "f32", "f16", "q8_0"; empty for another name

struct LoadOptions {
    int64_t contextLength = 0;   // tokens; 0: min(the model's, 8192). The KV pool holds at least this many
    bool isExact = false;        // float32 activations and KV cache ("--activations f32")
    bool evenIfTooLarge = false; // load although the estimate exceeds the free memory
    KvType kvType = KvType::automatic;
    double expertMass = 1;       // adaptive compute: a token's experts, by falling weight, until their share of its routing reaches
                                 // this, above 0; 1: as many as the model asks for. Answers change with it
    /// A smaller chat model with the same vocabulary, which guesses what this one is about to say; the text is the same without.
    /// Empty: none. Loaded with it, or shared when it is there already.
    std::filesystem::path draft;
    std::string quantization;    // a safetensors folder's matrices become this type while they are loaded ("Q8_0", "Q4_K"); empty: no
};

struct MemoryEstimate {
    uint64_t weightsBytes = 0;
    uint64_t kvBytes = 0; // for the context length asked for
    uint64_t computeBytes = 0;
    uint64_t draftBytes = 0;     // all that the draft model takes
    uint64_t availableBytes = 0; // as ModelHost::memory() says
    uint64_t totalBytes() const { return weightsBytes + kvBytes + computeBytes + draftBytes; }
    bool fits() const { return totalBytes() <= availableBytes; }
};

struct ChatMessage {
    std::string role; // system, user, assistant
    std::string content;
};

struct Sampling {
    double temperature = 0.7; // 0: greedy
    int topK = 40;            // 0: off
    double topP = 0.95;       // 1: off
    double minP = 0.05;       // 0: off
    double repeatPenalty = 1.0;
    double presencePenalty = 0.0;
    double frequencyPenalty = 0.0;
    int penaltyWindow = 64;       // last tokens that the penalties look at
    std::optional<uint64_t> seed; // absent: drawn, and reported in the result
};

/// An adapter for one request. It is read when it is first asked for and stays in memory with the model, so that requests may
/// alternate between adapters, or run side by side with different ones.
struct AdapterSetting {
    std::filesystem::path file; // a GGUF adapter, or a folder as PEFT writes it; empty: none
    double strength = 1;        // 0 to 2; 0: as without, bit for bit; 1: as trained
};

enum class Priority { interactive, api, batch };
enum class Finish { stop, length, cancelled, failed }; // stop: end token or stop string

struct GenerationRequest {
    std::vector<ChatMessage> messages; // rendered with the model's template; or
    std::vector<int32_t> promptIds;    // tokens, used as they are, when messages is empty; or
    std::string rawPrompt;             // used as it is, special tokens parsed, when both are empty
    std::string answerStart;           // with messages: the answer begins with this and is continued; not part of the result
    Sampling sampling;
    int64_t maxTokens = 0; // 0: until the context is full
    std::vector<std::string> stopStrings;
    bool guessesAhead = true; // speculative decoding from what was said before and by the draft model, where it pays; the
                              // text is the same without
    std::string schema;       // JSON Schema that the answer is to satisfy; empty: free text. What is understood:
                              // generate/schema_compiler.h
    AdapterSetting adapter;   // keys and values in the cache are kept apart by its content and strength
    Priority priority = Priority::interactive;
    Trace* trace = nullptr; // filled with what happened inside, when the answer is complete. Nothing is guessed then, and all of the
                            // prompt is computed, cached or not
};

/// Throws as generate() does for a schema that is wrong or not understood; messages name `source`.
void checkSchema(const std::string& schema, const std::string& source);

struct TokenEvent {
    int32_t id;
    std::string text; // complete UTF-8; may be empty while a character or a possible stop string is held back
    double ms;        // since the previous token (the first: since the request)
    double logprob;   // natural log, of the model's own distribution before sampling settings
};

struct PromptProgress {
    int64_t doneTokens;
    int64_t totalTokens;
    int queuePosition; // 0: running
};

struct GenerationResult {
    Finish finish = Finish::stop;
    std::string text;
    int64_t promptTokens = 0;
    int64_t cachedTokens = 0; // of the prompt, taken from the prefix cache
    int64_t generatedTokens = 0;
    int64_t guessedTokens = 0; // speculative decoding: tokens that were guessed ahead,
    int64_t trueGuesses = 0;   // and those that came true
    int64_t draftedTokens = 0, trueDrafts = 0; // of them, those of the draft model
    double timeToFirstTokenMs = 0;
    double prefillTokensPerSecond = 0;
    double decodeTokensPerSecond = 0;
    uint64_t seed = 0;
};

struct TokenizeOptions {
    bool special = false; // parse special tokens in the text and add BOS/EOS as the model asks
};

/// A model in memory: weights mapped, tokenizer, template, KV pool and its scheduler. Shared; unloads when the last one is
/// gone. Every function may be called from any thread; several generations run at once.
class LoadedModel {
public:
    ~LoadedModel();
    const std::filesystem::path& path() const;
    const ModelFacts& facts() const;
    int64_t contextLength() const;
    bool isEmbedding() const;
    uint64_t kvUsedBytes() const;

    /// Blocks until the answer is complete, cancelled or failed. onToken runs on the scheduler's thread and must be quick;
    /// returning false ends the generation as a stop does (finish stop). Cancel through `stop`: takes effect within one
    /// token and returns what there is with Finish::cancelled. Throws what the engine throws (OutOfMemory, Unsupported …);
    /// std::invalid_argument when the prompt alone exceeds the context (the message names both sizes).
    /// With a schema the answer is JSON that satisfies it, unless it is cut off (finish length or cancelled). Throws BadFile
    /// and Unsupported for schemas that are wrong or not understood. Before anything is computed, for an adapter: StorageFailure,
    /// BadFile for a damaged one, Unsupported naming what does not belong to this model, std::invalid_argument for its strength.
    GenerationResult generate(const GenerationRequest& request, const std::function<bool(const TokenEvent&)>& onToken,
                              std::stop_token stop = {}, const std::function<void(const PromptProgress&)>& onProgress = {});

    /// Keeps what has been computed for a conversation in a file, so that it goes on at once after the program was closed.
    /// `messages` end with an answer. Returns the number of tokens kept, in steps of 32: those that are still in memory.
    /// Call when the conversation is put away; blocks while it writes (28 KB a token for a 1.5 B model). `adapter`: the one
    /// that the conversation was computed with. Throws StorageFailure and Unsupported, and as generate() does for the adapter.
    int64_t saveContext(const std::vector<ChatMessage>& messages, const std::filesystem::path& file,
                        const AdapterSetting& adapter = {});

    /// Puts it back; a generation that begins with the same messages, with the same adapter at the same strength, then finds it
    /// (cachedTokens). Returns the number of tokens; 0 when the file is missing, damaged, of another model or of no use to this version: the prompt is then simply
    /// read again.
    int64_t restoreContext(const std::filesystem::path& file);

    /// Tokens that messages take with the template, the generation prompt included.
    int64_t countTokens(const std::vector<ChatMessage>& messages) const;

    std::vector<int32_t> tokenize(const std::string& text, const TokenizeOptions& options = {}) const;
    std::string tokenText(int32_t id) const; // bytes of one token
    std::string detokenize(std::span<const int32_t> ids) const;

    /// (positions, vocabulary) row-major float32 logits, handed out in pieces as they are computed, in order.
    void logits(std::span<const int32_t> tokens, int64_t chunk,
                const std::function<void(std::span<const float> rows, int64_t nPositions)>& onRows,
                std::stop_token stop = {}, const AdapterSetting& adapter = {});

    struct Perplexity {
        double perplexity, meanNll;
        int64_t nTokens; // scored
    };
    Perplexity perplexity(std::span<const int32_t> tokens, int64_t context, std::stop_token stop = {},
                          const std::function<void(int64_t done, int64_t total)>& progress = {},
                          const AdapterSetting& adapter = {});

    struct Embedding {
        std::vector<float> values;
        int64_t nTokens;
    };
    struct EmbedInput {
        std::string text;
        enum class Kind { plain, query, passage } kind = Kind::plain;
    };
    /// Embedding models only. Cut to the model's window. Batches run beside generations.
    std::vector<Embedding> embed(std::span<const EmbedInput> inputs, bool normalize = true, std::stop_token stop = {});

    struct State;
    explicit LoadedModel(std::unique_ptr<State> state);
    State& state() { return *m_state; }

private:
    std::unique_ptr<State> m_state;
};

struct BenchOptions {
    int64_t nPrompt = 512;
    int64_t nGenerate = 64;
    int64_t depth = 0; // tokens in the cache before
    int batch = 1;     // sequences decoded together
    int nRepeat = 3;
    LoadOptions load;  // its context length is taken from the above
    AdapterSetting adapter; // of all sequences
};
struct BenchResult {
    struct Spread {
        double min, median, max;
    };
    Spread prefillTokensPerSecond{};
    Spread decodeTokensPerSecond{}; // of all sequences together
    double loadSeconds = 0;
    uint64_t peakBytes = 0;
    int nThreads = 0;
    std::string cpuLevel;
    std::string device;
};
struct EmbedBenchResult {
    BenchResult::Spread passagesPerSecond{}, tokensPerSecond{};
};

/// The models in memory. Loading the same file with the same options twice gives the same object.
class ModelHost {
public:
    explicit ModelHost(Engine& engine);
    ~ModelHost();

    /// What a load would take, and what is free for it. `replaced`: as of memory().
    MemoryEstimate estimate(const std::filesystem::path& path, const LoadOptions& options = {}, LoadedModel* replaced = nullptr) const;

    /// The machine as a load finds it: `availableBytes` without what the models in memory have been promised and have not
    /// taken yet. `replaced`: a loaded model that would be let go first, with the draft that it alone holds; null for none.
    MemoryState memory(LoadedModel* replaced = nullptr) const;

    /// Throws BadFile, Unsupported, OutOfMemory (estimate exceeds free memory), StorageFailure, Cancelled. A draft model
    /// that cannot guess for this one: Unsupported, naming both and why.
    std::shared_ptr<LoadedModel> load(const std::filesystem::path& path, const LoadOptions& options = {},
                                      std::stop_token stop = {});
    /// Why each of `drafts` cannot guess for the model at `path`, in their order; empty for one that can. Reads headers and
    /// vocabularies and no weights, which takes a tenth of a second for each. Throws as ModelLibrary::facts() for `path`, and
    /// Unsupported when it cannot be loaded.
    std::vector<std::string> draftProblems(const std::filesystem::path& path, std::span<const std::filesystem::path> drafts) const;

    std::vector<std::shared_ptr<LoadedModel>> loaded() const; // those somebody still holds

    BenchResult bench(const std::filesystem::path& path, const BenchOptions& options, std::stop_token stop = {});
    EmbedBenchResult benchEmbed(const std::filesystem::path& path, std::span<const std::string> passages, int nRepeat,
                                std::stop_token stop = {});

    struct State;
    State& state() { return *m_state; }

private:
    std::unique_ptr<State> m_state;
};

/// Renders a chat template (the `template` command). `context` is the JSON text {messages, tools?, add_generation_prompt?,
/// …}. Throws BadFile for a template that does not parse; sy::Error with the template's own words when it raises.
std::string renderTemplate(const std::string& source, const std::string& contextJson, const std::string& bos,
                           const std::string& eos, const std::string& now);
/// The template, BOS and EOS stored in a model file; empty when it has none.
struct StoredTemplate {
    std::string source, bos, eos;
};
StoredTemplate storedTemplate(const std::filesystem::path& model);

struct DoctorRow {
    std::string topic; // "processor", "memory", "CUDA", "data folder", "models", "poppler-data" …
    std::string value;
    bool isGood;
    std::string remedy; // what to do when it is not
};
std::vector<DoctorRow> doctor(Engine& engine);

} // namespace sy::api
