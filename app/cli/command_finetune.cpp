// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/input.h"
#include "engine/api/engine.h"
#include "engine/api/fine_tune.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <vector>

namespace sy::app {

namespace {

using nlohmann::ordered_json;

struct FineTuneOptions {
    std::string config, resume;
    std::string name, model, objective, method, targets, experts;
    std::vector<std::string> data;
    int64_t rank = 0, epochs = 0, maxSteps = 0, contextLength = 0, sequences = 0;
    double alpha = 0, learningRate = 0, expertShare = 0;
    uint64_t seed = 0;
    CLI::Option* seedOption = nullptr;
    bool printsConfig = false, isDryRun = false;
};

// The file's JSON with the options on top of it.
std::string configOf(const FineTuneOptions& o)
{
    ordered_json config = ordered_json::object();
    if (!o.config.empty()) {
        config = ordered_json::parse(readWhole(o.config), nullptr, false);
        if (!config.is_object())
            throw BadFile(o.config, "is no JSON object");
    }
    const auto set = [&](const char* group, const char* key, const auto& value, bool isGiven) {
        if (isGiven)
            (group ? config[group] : config)[key] = value;
    };
    set(nullptr, "name", o.name, !o.name.empty());
    set(nullptr, "model", o.model, !o.model.empty());
    set(nullptr, "objective", o.objective, !o.objective.empty());
    set("adapter", "method", o.method, !o.method.empty());
    set("adapter", "targets", o.targets, !o.targets.empty());
    set("adapter", "experts", o.experts, !o.experts.empty());
    set("adapter", "expertShare", o.expertShare, o.expertShare > 0);
    set("adapter", "rank", o.rank, o.rank > 0);
    set("adapter", "alpha", o.alpha, o.alpha > 0);
    set("optimizer", "learningRate", o.learningRate, o.learningRate > 0);
    set("batch", "contextLength", o.contextLength, o.contextLength > 0);
    set("batch", "sequences", o.sequences, o.sequences > 0);
    set(nullptr, "epochs", o.epochs, o.epochs > 0);
    set(nullptr, "maxSteps", o.maxSteps, o.maxSteps > 0);
    set(nullptr, "seed", o.seed, o.seedOption->count() > 0);
    if (!o.data.empty()) {
        config["data"] = ordered_json::array();
        for (const std::string& path : o.data)
            config["data"].push_back({{"path", path}});
    }
    return config.dump();
}

const char* nameOf(api::FineTuneRow::Outcome outcome)
{
    using Outcome = api::FineTuneRow::Outcome;
    switch (outcome) {
    case Outcome::used:
        return "used";
    case Outcome::heldOut:
        return "heldOut";
    case Outcome::tooLong:
        return "tooLong";
    case Outcome::nothingTrained:
        break;
    }
    return "nothingTrained";
}

ordered_json toJson(const std::vector<api::FineTuneRow>& rows)
{
    ordered_json list = ordered_json::array();
    for (const api::FineTuneRow& row : rows) {
        list.push_back({{"file", row.file}, {"row", row.row}, {"outcome", nameOf(row.outcome)}, {"tokens", row.tokens}});
        if (row.pieces.empty())
            continue;
        ordered_json pieces = ordered_json::array();
        for (const api::FineTunePiece& piece : row.pieces)
            pieces.push_back({{"text", piece.text}, {"trained", piece.isTrained}});
        list.back()["pieces"] = std::move(pieces);
    }
    return list;
}

api::ReadProgress readingOn(Console& console)
{
    return [&console](uint64_t done, uint64_t total) {
        if (done < total)
            console.progress("Reading data: " + std::to_string(done * 100 / total) + " %");
        else
            console.endProgress();
    };
}

int plan(CommandContext& context, const std::string& config, const std::string& source)
{
    Console& console = context.console();
    const api::FineTunePlan p = api::planFineTune(context.engine(), config, source, context.stop(), readingOn(console));
    console.endProgress();
    if (console.isJson()) {
        ordered_json experts = ordered_json::object();
        for (const auto& [layer, some] : p.experts)
            experts[std::to_string(layer)] = some;
        ordered_json changes = ordered_json::array();
        for (const api::FineTuneChange& change : p.changes)
            changes.push_back({{"setting", change.setting}, {"value", change.value}, {"peakBytes", change.peakBytes}});
        console.printJson({{"rows", p.rows},
                           {"texts", p.texts},
                           {"tokens", p.tokens},
                           {"trainedTokens", p.trainedTokens},
                           {"longestTokens", p.longestTokens},
                           {"tooLong", p.tooLong},
                           {"withoutLabels", p.withoutLabels},
                           {"withoutEnd", p.withoutEnd},
                           {"heldOutTexts", p.heldOutTexts},
                           {"duplicates", p.duplicates},
                           {"formats", p.formats},
                           {"personalData", p.personalData},
                           {"preview", toJson(p.preview)},
                           {"dropped", toJson(p.dropped)},
                           {"steps", p.steps},
                           {"trainedParameters", p.trainedParameters},
                           {"expertsPerLayer", p.expertsPerLayer},
                           {"experts", experts},
                           {"memory",
                            {{"weightBytes", p.weightBytes},
                             {"trainedBytes", p.trainedBytes},
                             {"activationBytes", p.activationBytes},
                             {"otherBytes", p.otherBytes},
                             {"peakBytes", p.peakBytes},
                             {"availableBytes", p.availableBytes},
                             {"changes", changes}}}});
        return 0;
    }
    const auto line = [&](const std::string& what, int64_t n) { console.printLine(what + ": " + std::to_string(n)); };
    line("Rows", p.rows);
    for (const auto& [format, rows] : p.formats)
        line("  read as " + format, rows);
    line("Texts used", p.texts);
    line("  tokens", p.tokens);
    line("  of them trained", p.trainedTokens);
    line("Texts held out for evaluation", p.heldOutTexts);
    if (p.duplicates > 0)
        line("Rows that repeat an earlier one", p.duplicates);
    for (const auto& [kind, count] : p.personalData) {
        if (count > 0)
            line("Looks like personal data, " + kind, count);
    }
    line("Longest row, in tokens", p.longestTokens);
    line("Left out, longer than the context", p.tooLong);
    line("Left out, nothing to learn in them", p.withoutLabels);
    for (const api::FineTuneRow& row : p.dropped)
        console.printLine("  " + row.file + ", row " + std::to_string(row.row) + ": " + std::to_string(row.tokens) +
                          " tokens" + (row.outcome == api::FineTuneRow::Outcome::tooLong ? "" : ", none of them trained"));
    if (p.withoutEnd > 0)
        line("Replies without an end token (the model would not learn to stop)", p.withoutEnd);
    line("Steps", p.steps);
    line("Numbers trained", p.trainedParameters);
    for (const auto& [layer, some] : p.experts) {
        std::string numbers;
        for (const int expert : some)
            numbers += (numbers.empty() ? "" : ", ") + std::to_string(expert);
        console.printLine("Experts trained in layer " + std::to_string(layer) + ", " + std::to_string(some.size()) + " of " +
                          std::to_string(p.expertsPerLayer) + ": " + numbers);
    }
    const auto size = [&](const std::string& what, uint64_t bytes) {
        console.printLine(what + ": " + sizeText(double(bytes)));
    };
    size("Memory at its highest", p.peakBytes);
    size("  the model", p.weightBytes);
    size("  what is trained, with its gradients and optimizer", p.trainedBytes);
    size("  activations", p.activationBytes);
    size("  the rest", p.otherBytes);
    size("Memory that is there", p.availableBytes);
    for (const api::FineTuneChange& change : p.changes)
        size("  it fits with " + change.setting + " = " + change.value, change.peakBytes);
    return 0;
}

int report(Console& console, const api::FineTuneResult& result)
{
    console.endProgress();
    if (console.isJson()) {
        ordered_json summary = {{"run", result.run},
                                {result.trainedModel.empty() ? "adapter" : "trainedModel",
                                 (result.trainedModel.empty() ? result.adapter : result.trainedModel).string()},
                                {"steps", result.steps},
                                {"finalLoss", result.finalLoss}};
        if (result.bestEvalLoss)
            summary["bestEvalLoss"] = *result.bestEvalLoss;
        summary["seconds"] = result.seconds;
        summary["peakBytes"] = result.peakBytes;
        console.printJson(summary);
    } else {
        console.printLine("Run " + result.run + ": " + std::to_string(result.steps) + " steps, " +
                          (result.trainedModel.empty() ? "adapter " + result.adapter.string()
                                                       : "model " + result.trainedModel.string()));
    }
    switch (result.end) {
    case api::FineTuneResult::End::done:
        return 0;
    case api::FineTuneResult::End::stopped:
        console.warn("Stopped. Go on with: switchyard finetune --resume " + result.run);
        return 130;
    case api::FineTuneResult::End::diverged:
        break;
    }
    console.warn("The loss stopped being a number. Take a lower learning rate; the checkpoints before are whole.");
    return 1;
}

int tune(CommandContext& context, const FineTuneOptions& o)
{
    Console& console = context.console();
    if (o.resume.empty() && o.config.empty() && o.data.empty() && !o.printsConfig)
        throw UsageError("finetune needs --config FILE, or --examples FILE, or --resume RUN");
    const auto onStep = [&](const api::FineTuneStep& s) {
        if (console.isJson()) {
            ordered_json row = {{"step", s.step},
                                {"loss", s.loss},
                                {"learningRate", s.learningRate},
                                {"gradientNorm", s.gradientNorm},
                                {"tokensPerSecond", s.tokensPerSecond},
                                {"seconds", s.seconds},
                                {"residentBytes", s.residentBytes}};
            if (s.evalLoss)
                row["evalLoss"] = *s.evalLoss;
            if (s.experts) {
                row["heaviestExpert"] = s.experts->heaviest;
                row["idleExperts"] = s.experts->idleShare;
            }
            if (s.isSkipped)
                row["skipped"] = true;
            console.printJson(row);
            return;
        }
        char line[160];
        std::snprintf(line, sizeof line, "Step %lld of %lld: loss %.4f, rate %.2e, gradient %.3f, %.0f tokens/s%s",
                      static_cast<long long>(s.step), static_cast<long long>(s.steps), s.loss, s.learningRate,
                      s.gradientNorm, s.tokensPerSecond, s.isSkipped ? ", skipped" : "");
        console.printLine(line + (s.evalLoss ? ", held out " + std::to_string(*s.evalLoss) : std::string()));
    };
    api::FineTuneEvents events;
    events.onRead = readingOn(console);
    events.onStep = onStep;
    events.onSample = [&](const api::FineTuneSample& sample) {
        if (console.isJson())
            console.printJson({{"step", sample.step}, {"prompt", sample.prompt}, {"text", sample.text}});
        else
            console.printLine("  " + sample.prompt + "\n  > " + sample.text);
    };
    if (!o.resume.empty())
        return report(console, api::resumeFineTune(context.engine(), o.resume, context.stop(), events));
    const std::string source = o.config.empty() ? "the options" : o.config;
    const std::string config = configOf(o);
    if (o.printsConfig) {
        console.print(api::completeFineTuneConfig(config, source));
        return 0;
    }
    if (o.isDryRun)
        return plan(context, config, source);
    return report(console, api::fineTune(context.engine(), config, source, context.stop(), events));
}

} // namespace

Action declareFineTune(CLI::App& command)
{
    auto o = std::make_shared<FineTuneOptions>();
    auto* config = command.add_option("--config", o->config, "Configuration as JSON; options below go before it; -: stdin")
                       ->type_name("FILE");
    auto* resume =
        command.add_option("--resume", o->resume, "Go on with a run that was stopped or killed")->type_name("RUN");
    command.add_option("--model", o->model, "Path of a model, or id or name of an imported one")->type_name("MODEL");
    command.add_option("--objective", o->objective, "sft, pretrain, dpo or orpo (default: sft)")
        ->check(CLI::IsMember({"sft", "pretrain", "dpo", "orpo"}));
    command
        .add_option("--examples", o->data,
                    "JSON lines, a JSON list, a table (.csv, .tsv) or a text (.txt, .md); may be given several times")
        ->type_name("FILE");
    command.add_option("--name", o->name, "Of the run (default: fine-tune)")->type_name("TEXT");
    command.add_option("--method", o->method, "lora, rslora, lora+, dora, or full: the model itself, in F32, F16 or BF16 (default: lora)")
        ->check(CLI::IsMember({"lora", "rslora", "lora+", "dora", "full"}));
    command
        .add_option(
            "--targets", o->targets,
            "all-linear, attention, attention+shared-experts, experts, or a tensor name with * (default: all-linear)")
        ->type_name("NAME");
    command
        .add_option("--experts", o->experts,
                    "Of the targets: all, or those that the examples use most, by their choices (token) or weight (gate); "
                    "with --targets experts this is ESFT (default: all)")
        ->check(CLI::IsMember({"all", "token", "gate"}));
    command
        .add_option("--expert-share", o->expertShare,
                    "Of all choices or weight that the chosen ones come to (default: 0.2, gate 0.1)")
        ->type_name("X")
        ->check(CLI::Range(1e-6, 1.0));
    command.add_option("--rank", o->rank, "Of the adapter's matrices (default: 16)")
        ->type_name("N")
        ->check(CLI::Range(1, 4096));
    command.add_option("--alpha", o->alpha, "The adapter is scaled by alpha / rank (default: 32)")
        ->type_name("X")
        ->check(CLI::PositiveNumber);
    command.add_option("--learning-rate", o->learningRate, "Highest rate of a step (default: 2e-4)")
        ->type_name("X")
        ->check(CLI::PositiveNumber);
    command.add_option("--epochs", o->epochs, "Times that every example is seen (default: 1)")
        ->type_name("N")
        ->check(CLI::PositiveNumber);
    command.add_option("--max-steps", o->maxSteps, "Stop after so many steps")->type_name("N")->check(CLI::PositiveNumber);
    command
        .add_option("--context", o->contextLength, "Longest example, in tokens; longer ones are left out (default: 2048)")
        ->type_name("N")
        ->check(CLI::Range(2, 1 << 24));
    command.add_option("--sequences", o->sequences, "Examples in a step (default: 16)")
        ->type_name("N")
        ->check(CLI::PositiveNumber);
    o->seedOption =
        command.add_option("--seed", o->seed, "Of the first values and the order (default: 3407)")->type_name("N");
    command.add_flag("--print-config", o->printsConfig, "Write the whole configuration and train nothing");
    command.add_flag("--dry-run", o->isDryRun, "Read model and data, count, and train nothing");
    resume->excludes(config);
    command.footer("Rows are {messages: [{role, content}, ...]}, {conversations: [{from, value}, ...]}, {instruction, "
                   "input?, output}, {prompt,\n"
                   "completion}, {text}, for dpo and orpo {prompt, chosen, rejected}, or already tokens, {ids: [...], mask: "
                   "[0 or 1, ...]}; a\n"
                   "table's columns have these names, or the configuration's data[].mapping gives theirs. sft trains the "
                   "assistant's replies,\n"
                   "pretrain every token. 2 % of the rows (evaluation.fraction), chosen by their content, are held out and "
                   "their loss is told\n"
                   "every evaluation.everySteps steps. A run that does not fit the memory is refused; --dry-run shows what "
                   "it needs. The run,\n"
                   "its checkpoints and adapter.gguf are in the data folder's runs/: see `switchyard runs`. The first "
                   "Ctrl-C ends with a\n"
                   "checkpoint.\n"
                   "JSON, a line each: {step, loss, evalLoss?, learningRate, gradientNorm, tokensPerSecond, seconds, "
                   "residentBytes, heaviestExpert?, idleExperts?},\n"
                   "the last two of a mixture of experts: the busiest expert's rows over the mean, and the share of experts "
                   "without a row; for each\n"
                   "of samples.prompts every samples.everySteps steps {step, prompt, text}; last {run, adapter, steps, "
                   "finalLoss, bestEvalLoss?,\n"
                   "seconds, peakBytes}; with --method full trainedModel in place of adapter.\n\n"
                   "Example:\n  switchyard finetune --model model.gguf --examples examples.jsonl --epochs 3");
    return [o](CommandContext& context) { return tune(context, *o); };
}

} // namespace sy::app
