// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/document_json.h"
#include "app/cli/input.h"
#include "engine/core/error.h"

#include <cstdio>
#include <unordered_set>

namespace sy::app {

namespace {

struct SearchOptions {
    std::string collection, query, queriesFile, tag, mode = "hybrid";
    int top = 10;
};

struct Query {
    std::string id, text;
};

api::SearchMode modeOf(const std::string& name)
{
    return name == "lexical" ? api::SearchMode::lexical : name == "dense" ? api::SearchMode::dense : api::SearchMode::hybrid;
}

Query queryOfLine(const std::string& line, const std::string& file)
{
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("text") || !json["text"].is_string())
        throw BadFile(file, "queries are lines {\"id\", \"text\"}, not: " + line.substr(0, 80));
    const auto id = json.value("id", nlohmann::json(""));
    return {id.is_string() ? id.get<std::string>() : id.dump(), json["text"].get<std::string>()};
}

/// QUERY Q0 DOCUMENT RANK SCORE TAG. A document appears once, with its best passage.
void printTrec(Console& console, const Query& query, const std::vector<api::SearchResult>& results, const SearchOptions& options)
{
    std::unordered_set<std::string> seen;
    for (const auto& result : results) {
        if (!seen.insert(result.document).second)
            continue;
        char score[32];
        std::snprintf(score, sizeof score, "%.9g", result.score);
        console.printLine(query.id + " Q0 " + result.document + " " + std::to_string(seen.size()) + " " + score + " " + options.tag);
    }
}

void printResults(Console& console, const Query& query, const std::vector<api::SearchResult>& results, bool hasId)
{
    if (console.isJson()) {
        nlohmann::ordered_json line;
        if (hasId)
            line["id"] = query.id;
        line["query"] = query.text;
        line["results"] = nlohmann::ordered_json::array();
        for (const auto& result : results)
            line["results"].push_back(toJson(result));
        console.printJson(line);
        return;
    }
    if (hasId)
        console.printLine("# " + query.text);
    if (results.empty())
        console.printLine("Nothing found.");
    for (size_t i = 0; i < results.size(); ++i) {
        const auto& r = results[i];
        char ranks[96];
        std::snprintf(ranks, sizeof ranks, "  score %.3f, rank by words %s, by meaning %s", r.score,
                      r.lexicalRank ? std::to_string(r.lexicalRank).c_str() : "-", r.denseRank ? std::to_string(r.denseRank).c_str() : "-");
        console.printLine(std::to_string(i + 1) + ". " + placeText(r.document, r.page) + ranks);
        console.printLine("   " + r.text + "\n");
    }
}

int search(CommandContext& context, const SearchOptions& options, bool hasQuery)
{
    if (hasQuery == !options.queriesFile.empty())
        throw UsageError("give either a query or --queries");
    const auto one = [&](const Query& query) {
        const auto results =
            context.engine().documents().search(options.collection, query.text, modeOf(options.mode), options.top);
        if (!options.tag.empty())
            printTrec(context.console(), query, results, options);
        else
            printResults(context.console(), query, results, !hasQuery);
    };
    if (hasQuery) {
        one({"1", options.query == "-" ? readWhole("-") : options.query});
        return 0;
    }
    LineReader lines(options.queriesFile);
    while (const auto line = lines.next(context.stop())) {
        if (!line->empty())
            one(queryOfLine(*line, options.queriesFile));
    }
    return 0;
}

} // namespace

Action declareSearch(CLI::App& command)
{
    auto options = std::make_shared<SearchOptions>();
    command.add_option("--collection", options->collection, "Name of the collection")->type_name("NAME")->required();
    CLI::Option* query = command.add_option("QUERY", options->query, "What to look for; -: all of stdin");
    command.add_option("--queries", options->queriesFile, "Lines {\"id\", \"text\"}; -: stdin")->type_name("FILE");
    command.add_option("--mode", options->mode, "lexical: by words; dense: by meaning; hybrid: both")
        ->type_name("MODE")
        ->check(CLI::IsMember({"lexical", "dense", "hybrid"}))
        ->capture_default_str();
    command.add_option("--top", options->top, "How many passages")
        ->type_name("N")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    command.add_option("--trec", options->tag, "Print six TREC columns with this run tag: query id, Q0, document, rank, score, tag")
        ->type_name("TAG");
    command.footer("JSON: lines {query, results: [{document, page, start, end, score, lexicalRank, denseRank, text}]}; start and end are\n"
                   "code points in the page's text, ranks count from 1 and 0 means not in that list.\n\nExample:\n"
                   "  switchyard search --collection papers \"how long is the warranty\" --top 5");
    return [options, query](CommandContext& context) { return search(context, *options, query->count() > 0); };
}

} // namespace sy::app
