// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/model_options.h"

#include "app/cli/failure.h"
#include "engine/api/adapters.h"

#include <charconv>
#include <system_error>

namespace sy::app {

namespace {

const char* kindName(api::ModelKind kind)
{
    return kind == api::ModelKind::chat ? "chat" : "embedding";
}

} // namespace

void addModelOption(CLI::App& command, std::string& model, api::ModelKind kind)
{
    command
        .add_option("--model", model,
                    std::string("Path of a GGUF file or safetensors folder, or id or name of an imported model (default: the newest ") + kindName(kind) +
                        " model in the list)")
        ->type_name("MODEL");
}

std::filesystem::path resolveModel(CommandContext& context, const std::string& model, api::ModelKind kind)
{
    if (!model.empty())
        return context.engine().library().resolve(model);
    if (const auto entry = context.engine().library().defaultModel(kind))
        return entry->path;
    throw Failure(std::string("there is no ") + kindName(kind) + " model in the list",
                  "Give --model, or get one with `switchyard models fetch` (`switchyard models` shows which there are).");
}

void addActivationsOption(CLI::App& command, std::string& activations)
{
    command.add_option("--activations", activations, "f32: float32 activations and KV cache; fast: int8 activations in blocks of 32")
        ->type_name("TYPE")
        ->check(CLI::IsMember({"f32", "fast"}))
        ->capture_default_str();
}

void addQuantizationOption(CLI::App& command, std::string& quantization)
{
    command
        .add_option("--quantization", quantization,
                    "Quantize the matrices of a safetensors folder while they are loaded (default: keep their types)")
        ->type_name("TYPE")
        ->check(CLI::IsMember({"Q8_0", "Q6_K", "Q5_K", "Q4_K"}, CLI::ignore_case));
}

void ComputeOptions::declare(CLI::App& command)
{
    command
        .add_option("--kv-type", kvType,
                    "Type of cached keys and values: f32, f16, q8_0 (half the memory of f16), auto (f16; with --activations f32: f32)")
        ->type_name("TYPE")
        ->check(CLI::IsMember({"auto", "f32", "f16", "q8_0"}))
        ->capture_default_str();
    command
        .add_option("--expert-mass", expertMass,
                    "Use fewer experts: of each token the heaviest ones that together have this share of its routing; 1: as many as the\n"
                    "model asks for")
        ->type_name("X")
        ->check(CLI::Range(0.01, 1.0, "0.01 to 1"))
        ->capture_default_str();
}

void ComputeOptions::apply(api::LoadOptions& load) const
{
    load.kvType = *api::kvTypeOf(kvType);
    load.expertMass = expertMass;
}

void DraftOption::declare(CLI::App& command)
{
    command
        .add_option("--draft", model,
                    "A smaller chat model of the same family (the same vocabulary), which guesses the next tokens; --model verifies several\n"
                    "at once. The text is the same, and comes sooner when the guesses are good and cheap (default: none)")
        ->type_name("MODEL");
}

void DraftOption::apply(CommandContext& context, api::LoadOptions& load) const
{
    if (!model.empty())
        load.draft = context.engine().library().resolve(model);
}

void AdapterOption::declare(CLI::App& command)
{
    command
        .add_option("--adapter", text,
                    "Adapter to use: a GGUF adapter, a folder as PEFT writes it, or the name of a run of `switchyard finetune`; with\n"
                    ":STRENGTH from 0 (off) to 2 behind it (default: 1, as trained)")
        ->type_name("A[:STRENGTH]");
}

api::AdapterSetting AdapterOption::setting(CommandContext& context) const
{
    if (text.empty())
        return {};
    api::AdapterSetting setting{api::resolveAdapter(context.engine(), text)};
    if (!setting.file.empty()) // a name with a colon of its own, too
        return setting;
    std::string name = text;
    if (const size_t colon = text.rfind(':'); colon != std::string::npos) {
        const char* const end = text.data() + text.size();
        const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, setting.strength);
        if (error == std::errc() && rest == end) {
            if (!(setting.strength >= 0 && setting.strength <= 2))
                throw UsageError("an adapter's strength is 0 to 2, not " + text.substr(colon + 1));
            name = text.substr(0, colon);
        }
    }
    setting.file = api::resolveAdapter(context.engine(), name);
    if (setting.file.empty())
        throw Failure("there is no adapter " + name, "Give the path of one, or a name that `switchyard adapters` shows.");
    return setting;
}

std::shared_ptr<api::LoadedModel> loadModel(CommandContext& context, const std::string& model, api::ModelKind kind,
                                            const api::LoadOptions& options)
{
    const std::filesystem::path path = resolveModel(context, model, kind);
    context.console().progress("Loading " + path.filename().string() + " …");
    auto loaded = context.engine().models().load(path, options, context.stop());
    context.console().endProgress();
    if (loaded->isEmbedding() != (kind == api::ModelKind::embedding))
        throw Failure(path.filename().string() + " is not the kind of model that this command needs: " + kindName(kind),
                      "Give another one with --model; `switchyard models` shows the kind of each.");
    return loaded;
}

void GenerationOptions::declare(CLI::App& command)
{
    constexpr const char* kGroup = "Sampling";
    const CLI::Validator atLeastZero = CLI::Range(0.0, 1e6, "a number from 0");
    const CLI::Validator share = CLI::Range(0.0, 1.0, "0 to 1");
    command.add_option("--max-tokens", maxTokens, "Longest answer, in tokens; 0: until the context is full")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->group(kGroup);
    command.add_option("--temperature", sampling.temperature, "How freely tokens are chosen; 0: always the likeliest")
        ->type_name("T")
        ->check(atLeastZero)
        ->capture_default_str()
        ->group(kGroup);
    command.add_option("--top-k", sampling.topK, "Choose among the K likeliest tokens; 0: off")
        ->type_name("K")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->group(kGroup);
    command.add_option("--top-p", sampling.topP, "Choose among the likeliest tokens that together have this probability; 1: off")
        ->type_name("P")
        ->check(share)
        ->capture_default_str()
        ->group(kGroup);
    command.add_option("--min-p", sampling.minP, "Leave out tokens below this share of the likeliest one's probability; 0: off")
        ->type_name("P")
        ->check(share)
        ->capture_default_str()
        ->group(kGroup);
    command.add_option("--repeat-penalty", sampling.repeatPenalty, "Divides the scores of the last 64 tokens; 1: off")
        ->type_name("R")
        ->check(CLI::Range(0.01, 100.0, "0.01 to 100"))
        ->capture_default_str()
        ->group(kGroup);
    command.add_option("--presence-penalty", sampling.presencePenalty, "Subtracted once from the score of a recent token; 0: off")
        ->type_name("X")
        ->capture_default_str()
        ->group(kGroup);
    command.add_option("--frequency-penalty", sampling.frequencyPenalty, "Subtracted for each time a recent token came; 0: off")
        ->type_name("X")
        ->capture_default_str()
        ->group(kGroup);
    seedOption = command.add_option("--seed", seed, "Same seed, same answer (default: drawn and reported)")
                     ->type_name("N")
                     ->check([](const std::string& text) {
                         const bool isNumber = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
                         return isNumber ? std::string() : "a seed is a whole number from 0, not " + text;
                     })
                     ->group(kGroup);
    command.add_option("--stop", stopStrings, "End the answer before this text; may be given several times")
        ->type_name("TEXT")
        ->allow_extra_args(false)
        ->group(kGroup);
    command.add_option("--context", contextLength, "Context length in tokens; 0: the model's own, at most 8192")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->group(kGroup);
}

api::GenerationRequest GenerationOptions::request() const
{
    api::GenerationRequest request;
    request.sampling = sampling;
    if (seedOption && seedOption->count() > 0)
        request.sampling.seed = seed;
    request.maxTokens = maxTokens;
    request.stopStrings = stopStrings;
    return request;
}

std::string finishName(api::Finish finish)
{
    switch (finish) {
    case api::Finish::stop: return "stop";
    case api::Finish::length: return "length";
    case api::Finish::cancelled: return "cancelled";
    case api::Finish::failed: return "failed";
    }
    return {};
}

} // namespace sy::app
