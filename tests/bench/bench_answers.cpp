// SPDX-License-Identifier: GPL-3.0-or-later
// How well questions are answered from documents: which of those without an answer are refused, which with one are refused
// by mistake, and how often an answer cites the right document. Questions of a retrieval collection in files, every n-th of
// them; every other one of their documents is taken out of the index. Prints one JSON line a question and a summary; indexes
// and generated texts are kept in the work folder, so that a second run with the same prompts costs seconds.
//
//   bench_answers WORK_FOLDER CHAT_GGUF EMBEDDER_GGUF COLLECTION_FOLDER N_QUESTIONS [OFFSET] >rows.jsonl
//
// CHAT_GGUF "-" decides without asking the model.
#include "engine/api/engine.h"
#include "engine/api/library.h"
#include "engine/api/model_embedder.h"
#include "engine/core/sha256.h"
#include "engine/documents/format_table.h"
#include "engine/retrieval/answerer.h"
#include "engine/retrieval/collection.h"
#include "engine/retrieval/ingest.h"
#include "tests/engine/retrieval/retrieval_score.h"

#include <cstdio>
#include <map>
#include <set>

using namespace sy::retrieval;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// Generated texts by prompt, in a file that grows.
class Generator {
public:
    Generator(std::shared_ptr<sy::api::LoadedModel> model, const fs::path& file) : m_model(std::move(model)), m_file(file)
    {
        std::ifstream in(file);
        for (std::string line; std::getline(in, line);) {
            const json row = json::parse(line);
            m_known[row["prompt"]] = row["pieces"];
        }
    }

    Generated operator()(const std::vector<Turn>& prompt, int64_t maxTokens,
                         const std::function<bool(std::string_view, double)>& onText)
    {
        std::string all;
        for (const Turn& turn : prompt)
            all += turn.role + "\n" + turn.content + "\n";
        const std::string key = sy::sha256Hex(all) + "/" + std::to_string(maxTokens);
        auto known = m_known.find(key);
        if (known == m_known.end()) {
            sy::api::GenerationRequest request;
            for (const Turn& turn : prompt)
                request.messages.push_back({turn.role, turn.content});
            request.sampling.temperature = 0;
            request.maxTokens = maxTokens;
            json pieces = json::array();
            m_model->generate(request, [&](const sy::api::TokenEvent& token) {
                pieces.push_back({token.text, token.logprob});
                return onText(token.text, token.logprob);
            });
            std::ofstream(m_file, std::ios::app) << json{{"prompt", key}, {"pieces", pieces}}.dump() << "\n";
            m_known[key] = pieces;
            Generated result;
            for (const json& piece : pieces)
                result.text += piece[0].get<std::string>();
            result.isCut = int64_t(pieces.size()) >= maxTokens;
            return result;
        }
        Generated result;
        for (const json& piece : known->second) {
            const auto text = piece[0].get<std::string>();
            result.text += text;
            if (!onText(text, piece[1]))
                break;
        }
        result.isCut = int64_t(known->second.size()) >= maxTokens;
        return result;
    }

private:
    std::shared_ptr<sy::api::LoadedModel> m_model;
    fs::path m_file;
    std::map<std::string, json> m_known;
};

json rowOf(const AnswerOutcome& outcome)
{
    const AnswerSigns& s = outcome.signs;
    json row = {{"refused", outcome.isRefused},
                {"score", outcome.score},
                {"text", outcome.text},
                {"logprob", outcome.meanLogprob}, {"opinion", outcome.opinion ? json(*outcome.opinion) : json()},
                {"signs",
                 {s.coverage, s.sentenceCoverage, s.coverageLead, s.cosineLead, s.sentenceCosine, double(s.doBothAgree),
                  double(s.isCjk)}}};
    for (const AnswerSentence& sentence : outcome.sentences)
        row["sentences"].push_back({sentence.support.share, sentence.support.passages.size()});
    for (const Passage& passage : outcome.shown)
        row["shown"].push_back({{"document", passage.hit.path},
                                {"title", passage.hit.title},
                                {"section", passage.hit.section},
                                {"text", passage.text}});
    for (const int cited : outcome.cited)
        row["cited"].push_back(outcome.shown[size_t(cited)].hit.path);
    return row;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 6) {
        std::fprintf(stderr,
                     "usage: bench_answers WORK_FOLDER CHAT_GGUF|- EMBEDDER_GGUF COLLECTION_FOLDER N_QUESTIONS [OFFSET]\n");
        return 2;
    }
    const fs::path work = argv[1], collectionFolder = argv[4];
    const std::string name = collectionFolder.filename();
    const size_t nQuestions = std::stoul(argv[5]);
    const double offset = argc > 6 ? std::stod(argv[6]) : 0;
    fs::create_directories(work);
    sy::api::Engine engine(sy::api::EngineOptions{.dataDir = (work / "data").string()});
    engine.library().import(argv[3], false);
    sy::api::ModelEmbedder embedder(engine.models().load(argv[3]));
    const bool asksModel = std::string(argv[2]) != "-";
    Generator generator(asksModel ? engine.models().load(argv[2]) : nullptr, work / "generated.jsonl");

    const fs::path whole = work / (name + ".db"), part = work / (name + "-part.db");
    if (!fs::exists(whole)) {
        const fs::path paths[] = {collectionFolder / "corpus.jsonl"};
        ingest(whole, paths, {.areRecords = true, .embedder = &embedder},
               [](const std::string& path, const std::string& password, std::stop_token) {
                   return sy::documents::readDocument(path, password);
               });
        Collection(whole).facts();
    }
    fs::copy_file(whole, part, fs::copy_options::overwrite_existing);
    const sy::test::Benchmark benchmark = sy::test::readBenchmark(collectionFolder);
    const double step = std::max(1.0, double(benchmark.questions.size()) / double(nQuestions));
    std::vector<std::pair<std::string, std::string>> sample;
    for (double at = offset; at < double(benchmark.questions.size()) && sample.size() < nQuestions; at += step)
        sample.push_back(benchmark.questions[size_t(at)]);
    // Several questions may share a document, so it is documents, not questions, of which every other one goes.
    std::set<std::string> seen, gone;
    for (const auto& [id, text] : sample)
        for (const auto& [document, grade] : benchmark.relevance.at(id))
            if (grade > 0 && seen.insert(document).second && seen.size() % 2)
                gone.insert(document);
    {
        Collection collection(part);
        for (const std::string& document : gone)
            collection.remove(document);
    }
    Searcher searcher(part);
    int nThere = 0, nFalse = 0, nAbsent = 0, nRefused = 0, nAnswered = 0, nRight = 0;
    for (const auto& [id, text] : sample) {
        std::set<std::string> right;
        for (const auto& [document, grade] : benchmark.relevance.at(id))
            if (grade > 0 && !gone.contains(document))
                right.insert(document);
        const Generate generate = [&](const std::vector<Turn>& prompt, int64_t maxTokens, Purpose,
                                      const std::function<bool(std::string_view, double)>& onText, std::stop_token) {
            return asksModel ? generator(prompt, maxTokens, onText) : Generated{};
        };
        const AnswerOutcome outcome = answer(searcher, &embedder, generate, {.question = text});
        const bool isRefused = asksModel ? outcome.isRefused : outcome.score < 0;
        json row = rowOf(outcome);
        row.update({{"collection", name}, {"id", id}, {"question", text}, {"there", !right.empty()}});
        const bool isRight = !outcome.cited.empty() && right.contains(outcome.shown[size_t(outcome.cited[0])].hit.path);
        row["right"] = isRight;
        std::printf("%s\n", row.dump().c_str());
        std::fflush(stdout);
        if (right.empty()) {
            ++nAbsent;
            nRefused += isRefused;
        } else {
            ++nThere;
            nFalse += isRefused;
            nAnswered += !isRefused;
            nRight += !isRefused && isRight;
        }
    }
    std::fprintf(
        stderr,
        "%s: refused %d of %d without their document, %d of %d with it; %d of %d answers cite the right document first\n",
        name.c_str(), nRefused, nAbsent, nFalse, nThere, nRight, nAnswered);
    return 0;
}
