// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/adapter_export.h"
#include "app/cli/command.h"
#include "app/cli/failure.h"
#include "engine/api/runs.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace sy::app {

namespace {

using nlohmann::ordered_json;

struct RunsOptions {
    std::string id;
    AdapterExportOptions exporting;
    Action chosen;
};

const char* nameOf(api::RunEntry::State state)
{
    using State = api::RunEntry::State;
    switch (state) {
    case State::running:
        return "running";
    case State::stopped:
        return "stopped";
    case State::done:
        return "done";
    case State::diverged:
        return "diverged";
    case State::interrupted:
        break;
    }
    return "interrupted";
}

ordered_json toJson(const api::RunEntry& run)
{
    const auto started = std::chrono::duration_cast<std::chrono::seconds>(run.startedAt.time_since_epoch()).count();
    ordered_json json = {{"id", run.id},         {"name", run.name},       {"state", nameOf(run.state)},
                         {"model", run.model},   {"step", run.step},       {"steps", run.steps},
                         {"startedAt", started}, {"seconds", run.seconds}, {"finalLoss", run.finalLoss}};
    if (run.bestEvalLoss) {
        json["bestEvalLoss"] = *run.bestEvalLoss;
        json["bestStep"] = run.bestStep;
    }
    json["peakBytes"] = run.peakBytes;
    json["adapter"] = run.adapter.string();
    json["bestAdapter"] = run.bestAdapter.string();
    if (!run.trainedModel.empty()) {
        json["trainedModel"] = run.trainedModel.string();
        json["bestModel"] = run.bestModel.string();
    }
    json["notes"] = run.notes;
    return json;
}

std::string lineOf(const api::RunEntry& run)
{
    char figures[96];
    std::snprintf(figures, sizeof figures, "  step %lld of %lld  loss %.4f", static_cast<long long>(run.step),
                  static_cast<long long>(run.steps), run.finalLoss);
    std::string line = run.id + "  " + nameOf(run.state) + figures;
    if (run.bestEvalLoss) {
        std::snprintf(figures, sizeof figures, "  held out %.4f at step %lld", *run.bestEvalLoss,
                      static_cast<long long>(run.bestStep));
        line += figures;
    }
    return line + "  (" + run.model + ")";
}

int list(CommandContext& context)
{
    Console& console = context.console();
    const auto runs = api::listRuns(context.engine());
    if (console.isJson()) {
        auto rows = ordered_json::array();
        for (const auto& run : runs)
            rows.push_back(toJson(run));
        console.printJson(rows);
        return 0;
    }
    for (const auto& run : runs)
        console.printLine(lineOf(run));
    if (runs.empty())
        console.printLine("No runs yet. `switchyard finetune` makes one.");
    return 0;
}

api::RunEntry known(CommandContext& context, const std::string& id)
{
    if (auto run = api::findRun(context.engine(), id))
        return *run;
    throw Failure("there is no run \"" + id + "\" in the list", "`switchyard runs` shows the list.");
}

int show(CommandContext& context, const RunsOptions& options)
{
    const auto run = known(context, options.id);
    Console& console = context.console();
    const auto steps = api::runSteps(context.engine(), run.id);
    if (console.isJson()) {
        ordered_json json = toJson(run);
        json["config"] = ordered_json::parse(api::runConfig(context.engine(), run.id), nullptr, false);
        json["metrics"] = ordered_json::array();
        for (const auto& step : steps) {
            json["metrics"].push_back({{"step", step.step}, {"loss", step.loss}});
            if (step.evalLoss)
                json["metrics"].back()["evalLoss"] = *step.evalLoss;
        }
        json["samples"] = ordered_json::array();
        for (const auto& sample : api::runSamples(context.engine(), run.id))
            json["samples"].push_back({{"step", sample.step}, {"prompt", sample.prompt}, {"text", sample.text}});
        console.printJson(json);
        return 0;
    }
    console.printLine(lineOf(run));
    for (const auto& step : steps) {
        char line[96];
        std::snprintf(line, sizeof line, "  %6lld  loss %.4f", static_cast<long long>(step.step), step.loss);
        console.printLine(line + (step.evalLoss ? "  held out " + std::to_string(*step.evalLoss) : std::string()));
    }
    return 0;
}

int exportOne(CommandContext& context, const RunsOptions& options)
{
    const auto run = known(context, options.id);
    if (run.adapter.empty())
        throw Failure("the run " + run.id + " has no adapter yet", "Go on with it: switchyard finetune --resume " + run.id);
    return exportAdapter(context, run.id, options.exporting);
}

int remove(CommandContext& context, const RunsOptions& options)
{
    const auto run = known(context, options.id);
    api::removeRun(context.engine(), run.id);
    if (context.console().isJson())
        context.console().printJson({{"id", run.id}, {"removed", true}});
    else
        context.console().printLine("Removed " + run.id + " with its adapter and checkpoints");
    return 0;
}

} // namespace

Action declareRuns(CLI::App& command)
{
    auto options = std::make_shared<RunsOptions>();
    options->chosen = list;
    command.require_subcommand(0, 1);
    const auto add = [&](const char* name, const char* summary, int (*run)(CommandContext&, const RunsOptions&)) {
        CLI::App* sub = command.add_subcommand(name, summary);
        sub->fallthrough(); // --data, --json … after it as well
        sub->final_callback(
            [raw = options.get(), run] { raw->chosen = [raw, run](CommandContext& c) { return run(c, *raw); }; });
        sub->add_option("ID", options->id, "Name of the run")->required();
        return sub;
    };
    add("show", "Show one with its configuration, steps and samples", show)
        ->footer(
            "JSON: what the list has, and config, metrics: [{step, loss, evalLoss?}], samples: [{step, prompt, text}].\n\n"
            "Example:\n  switchyard runs show support-tone-1");
    CLI::App* out = add("export", "Write its adapter to a folder", exportOne);
    options->exporting.declare(*out);
    out->footer(
        "JSON: {id, format, path}.\n\nExample:\n  switchyard runs export support-tone-1 --format peft --out ~/adapters");
    add("remove", "Delete one with its adapter and checkpoints", remove)
        ->footer("JSON: {id, removed}. A run that is being trained is not removed.\n\nExample:\n"
                 "  switchyard runs remove support-tone-1");
    command.footer(
        "JSON: a list of {id, name, state, model, step, steps, startedAt, seconds, finalLoss, bestEvalLoss?, bestStep?,\n"
        "peakBytes, adapter, bestAdapter, trainedModel?, bestModel?, notes}, the newest first. state: running, stopped, done, diverged or\n"
        "interrupted (its process ended; finetune --resume ID goes on). startedAt: seconds since 1970, UTC.\n\n"
        "Example:\n  switchyard runs");
    return [options](CommandContext& context) { return options->chosen(context); };
}

} // namespace sy::app
