// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/input.h"
#include "app/cli/model_options.h"
#include "engine/api/vocabulary.h"
#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace sy::app {

namespace {

struct TokenizeCommandOptions {
    std::string model, text;
    bool hasText = false;
    bool isLines = false, isSpecial = false, isDecode = false;
};

nlohmann::ordered_json tokens(const api::Vocabulary& vocabulary, const std::string& text, bool isSpecial)
{
    const std::vector<int32_t> ids = vocabulary.tokenize(text, isSpecial);
    auto pieces = nlohmann::ordered_json::array();
    for (const int32_t id : ids)
        pieces.push_back(vocabulary.tokenText(id));
    return {{"ids", ids}, {"pieces", pieces}};
}

/// {"ids": […]}, […] or plain numbers between white space.
std::vector<int32_t> idsFrom(const std::string& text)
{
    if (text.find_first_of("{[") == std::string::npos) {
        std::istringstream in(text);
        std::vector<int32_t> ids;
        for (int32_t id = 0; in >> id;)
            ids.push_back(id);
        if (!in.eof())
            throw BadFile("the input", "--decode takes token ids: numbers, or JSON {\"ids\": [1, 2, 3]}");
        return ids;
    }
    const auto json = nlohmann::json::parse(text, nullptr, false);
    const auto& list = json.is_object() && json.contains("ids") ? json["ids"] : json;
    if (!list.is_array() || !std::all_of(list.begin(), list.end(), [](const auto& id) { return id.is_number_integer(); }))
        throw BadFile("the input", "--decode takes JSON {\"ids\": [1, 2, 3]}, not: " + text.substr(0, 80));
    return list.get<std::vector<int32_t>>();
}

std::string textOfLine(const std::string& line)
{
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("text") || !json["text"].is_string())
        throw BadFile("the input", "--jsonl takes lines {\"text\": \"…\"}, not: " + line.substr(0, 80));
    return json["text"].get<std::string>();
}

void printTokens(Console& console, const nlohmann::ordered_json& result)
{
    if (console.isJson())
        return console.printJson(result);
    for (size_t i = 0; i < result["ids"].size(); ++i)
        console.printLine(result["ids"][i].dump() + "\t" +
                          result["pieces"][i].dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

int tokenizeAll(CommandContext& context, const TokenizeCommandOptions& options)
{
    const auto vocabulary = api::Vocabulary::open(resolveModel(context, options.model, api::ModelKind::chat));
    Console& console = context.console();
    if (options.isLines) {
        LineReader lines(options.hasText ? options.text : "-");
        while (const auto line = lines.next(context.stop())) {
            if (line->empty())
                continue;
            if (options.isDecode)
                console.printJson({{"text", vocabulary.detokenize(idsFrom(*line))}});
            else
                console.printJson(tokens(vocabulary, textOfLine(*line), options.isSpecial));
        }
        return 0;
    }
    const std::string input = options.hasText && options.text != "-" ? options.text : readWhole("-");
    if (!options.isDecode) {
        printTokens(console, tokens(vocabulary, input, options.isSpecial));
        return 0;
    }
    const std::string text = vocabulary.detokenize(idsFrom(input));
    if (console.isJson())
        console.printJson({{"text", text}});
    else
        console.printLine(text);
    return 0;
}

} // namespace

Action declareTokenize(CLI::App& command)
{
    auto options = std::make_shared<TokenizeCommandOptions>();
    addModelOption(command, options->model, api::ModelKind::chat);
    CLI::Option* text = command.add_option("TEXT", options->text,
                                           "Text to tokenize; - or nothing: all of stdin. With --jsonl: a file of lines (default: stdin)");
    command.add_flag("--jsonl", options->isLines, "Read lines {\"text\"}, or with --decode lines {\"ids\"}; print one object a line");
    command.add_flag("--special", options->isSpecial, "Parse special tokens in the text and add BOS and EOS as the model asks");
    command.add_flag("--decode", options->isDecode, "Turn token ids ({\"ids\": [1, 2]}, or numbers) into text: {text}");
    command.footer("JSON: {ids, pieces}.\n\nExample:\n  switchyard tokenize --model model.gguf \"Hello, world\" --json");
    return [options, text](CommandContext& context) {
        options->hasText = text->count() > 0;
        return tokenizeAll(context, *options);
    };
}

} // namespace sy::app
