// SPDX-License-Identifier: GPL-3.0-or-later
// A retrieval collection in files (queries.jsonl, qrels.tsv) and the measure that its goals are given in.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace sy::test {

struct Benchmark {
    std::vector<std::pair<std::string, std::string>> questions;     // id, text
    std::map<std::string, std::map<std::string, int>> relevance;    // by question and document; above 0 is relevant
};

inline Benchmark readBenchmark(const std::filesystem::path& folder)
{
    Benchmark benchmark;
    std::ifstream queries(folder / "queries.jsonl");
    for (std::string line; std::getline(queries, line);) {
        const auto object = nlohmann::json::parse(line);
        benchmark.questions.emplace_back(object["id"], object["text"]);
    }
    std::ifstream judgements(folder / "qrels.tsv");
    std::string line;
    std::getline(judgements, line); // the heading
    while (std::getline(judgements, line)) {
        std::istringstream fields(line);
        std::string question, document;
        int grade = 0;
        fields >> question >> document >> grade;
        benchmark.relevance[question][document] = grade;
    }
    return benchmark;
}

/// Mean nDCG@10 over the questions that have a relevant document; gains are the grades.
inline double meanNdcg10(const Benchmark& benchmark, const std::function<std::vector<std::string>(const std::string&)>& search)
{
    double sum = 0;
    int n = 0;
    for (const auto& [id, text] : benchmark.questions) {
        const auto judged = benchmark.relevance.find(id);
        if (judged == benchmark.relevance.end())
            continue;
        std::vector<int> grades;
        for (const auto& [document, grade] : judged->second)
            if (grade > 0)
                grades.push_back(grade);
        if (grades.empty())
            continue;
        std::sort(grades.rbegin(), grades.rend());
        double ideal = 0, gain = 0;
        for (size_t i = 0; i < std::min<size_t>(grades.size(), 10); ++i)
            ideal += grades[i] / std::log2(double(i) + 2);
        const auto found = search(text);
        for (size_t i = 0; i < std::min<size_t>(found.size(), 10); ++i)
            if (const auto grade = judged->second.find(found[i]); grade != judged->second.end())
                gain += std::max(grade->second, 0) / std::log2(double(i) + 2);
        sum += gain / ideal;
        ++n;
    }
    return n ? sum / n : 0;
}

} // namespace sy::test
