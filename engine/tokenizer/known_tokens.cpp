// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/known_tokens.h"

#include <algorithm>
#include <set>

namespace sy::tokenizer {

namespace {

enum Meaning : unsigned {
    ends = 1,       // an answer ends here
    endsTurn = 2,   // stands in for a missing eot id
    endsMessage = 4,
    fimPrefix = 8,
    fimSuffix = 16,
    fimMiddle = 32,
    fimEnds = 64,   // padding, repository and file separators of fill-in-the-middle: nothing of the answer follows them
    rendered = 128, // part of the answer's structure (harmony channels): never left out of text
};

struct KnownToken {
    std::string_view text;
    unsigned meaning;
};

constexpr KnownToken kKnownTokens[] = {
    {"<|eot_id|>", ends | endsTurn},
    {"<|im_end|>", ends | endsTurn},
    {"<|end|>", ends | endsTurn},
    {"<end_of_turn>", ends | endsTurn},
    {"<|endoftext|>", ends | endsTurn},
    {"<|end_of_text|>", ends | endsTurn},
    {"<EOT>", ends | endsTurn},
    {"_<EOT>", ends | endsTurn},
    {"[EOT]", ends | endsTurn},
    {"<｜end▁of▁sentence｜>", ends | endsTurn},
    {"<end_of_utterance>", ends | endsTurn},
    {"<|EOT|>", ends | endsTurn}, // DeepSeek-Coder
    {"<|return|>", ends},
    {"<|call|>", ends},
    {"<|flush|>", ends},
    {"<|calls|>", ends},
    {"</s>", ends},
    {"[EOS]", ends},
    {"<eos>", ends},
    {"<turn|>", ends},
    {"<|tool_response>", ends},
    {"[e~[", ends},
    {"<|eom_id|>", ends | endsMessage},
    {"<|fim_prefix|>", fimPrefix},
    {"<fim-prefix>", fimPrefix},
    {"<fim_prefix>", fimPrefix},
    {"<｜fim▁begin｜>", fimPrefix},
    {"<PRE>", fimPrefix},
    {"▁<PRE>", fimPrefix},
    {"<|code_prefix|>", fimPrefix},
    {"<|fim_suffix|>", fimSuffix},
    {"<fim-suffix>", fimSuffix},
    {"<fim_suffix>", fimSuffix},
    {"<｜fim▁hole｜>", fimSuffix},
    {"<SUF>", fimSuffix},
    {"▁<SUF>", fimSuffix},
    {"<|code_suffix|>", fimSuffix},
    {"<|fim_middle|>", fimMiddle},
    {"<fim-middle>", fimMiddle},
    {"<fim_middle>", fimMiddle},
    {"<｜fim▁end｜>", fimMiddle},
    {"<MID>", fimMiddle},
    {"▁<MID>", fimMiddle},
    {"<|code_middle|>", fimMiddle},
    {"<|fim_pad|>", fimEnds},
    {"<fim-pad>", fimEnds},
    {"<fim_pad>", fimEnds},
    {"<|fim_repo|>", fimEnds},
    {"<|repo_name|>", fimEnds},
    {"<fim-repo>", fimEnds},
    {"<reponame>", fimEnds},
    {"<|file_sep|>", fimEnds},
    {"<|start|>", rendered},
    {"<|channel|>", rendered},
    {"<|message|>", rendered},
    {"<|constrain|>", rendered},
};

const KnownToken* lookUp(std::string_view text)
{
    if (text.size() < 4 || text.size() > 32)
        return nullptr;
    for (const KnownToken& known : kKnownTokens)
        if (known.text == text)
            return &known;
    return nullptr;
}

bool canBeKnown(std::string_view text) // cheap, since it runs for each of 150,000 tokens
{
    return text.size() >= 4 && (text.back() == '>' || text.back() == ']' || text.back() == '[');
}

void fill(int32_t& slot, int32_t id)
{
    if (slot < 0)
        slot = id;
}

// Of several, the name that stands first in the table: <|im_end|> ends a turn even where <|endoftext|> has the lower id.
struct Best {
    int32_t id = -1;
    const KnownToken* known = nullptr;
    void consider(int32_t candidate, const KnownToken* name)
    {
        if (!known || name < known)
            *this = {candidate, name};
    }
};

} // namespace

KnownTokens findKnownTokens(const Vocabulary& vocabulary, std::vector<TokenType>& types,
                            const std::function<bool(int32_t)>& isOrdinary, std::vector<std::string>& warnings)
{
    KnownTokens found{vocabulary.eot, vocabulary.eom, vocabulary.fimPrefix, vocabulary.fimSuffix, vocabulary.fimMiddle, {}, {}};
    std::set<int32_t> endIds;
    Best turnEnd;
    int32_t harmonyReturn = -1, call = -1, calls = -1, flush = -1, end = -1, toolResponse = -1, plainEnd = -1;
    for (int32_t id = 0; id < int32_t(vocabulary.tokens.size()); ++id) {
        const std::string_view text = vocabulary.tokens[id];
        const KnownToken* known = canBeKnown(text) ? lookUp(text) : nullptr;
        if (!known)
            continue;
        const bool isDeclared = types[id] == TokenType::control || types[id] == TokenType::userDefined;
        if (!isDeclared && isOrdinary(id)) {
            found.lookAlikes.push_back(id);
            continue;
        }
        if (known->meaning & rendered) {
            types[id] = TokenType::userDefined;
            continue;
        }
        if (types[id] != TokenType::control) {
            if (!isDeclared)
                warnings.push_back("token " + std::to_string(id) + " \"" + std::string(text) +
                                   "\" is stored as ordinary text; it is treated as a control token");
            types[id] = TokenType::control;
        }
        if (known->meaning & endsTurn)
            turnEnd.consider(id, known);
        if (known->meaning & endsMessage)
            fill(found.eom, id);
        if (known->meaning & fimPrefix)
            fill(found.fimPrefix, id);
        if (known->meaning & fimSuffix)
            fill(found.fimSuffix, id);
        if (known->meaning & fimMiddle)
            fill(found.fimMiddle, id);
        if (known->meaning & (ends | fimEnds))
            endIds.insert(id);
        if (text == "<|return|>")
            harmonyReturn = id;
        else if (text == "<|call|>")
            call = id;
        else if (text == "<|calls|>")
            calls = id;
        else if (text == "<|flush|>")
            flush = id;
        else if (text == "<|end|>")
            end = id;
        else if (text == "<|tool_response>")
            toolResponse = id;
        else if (text == "</s>")
            plainEnd = id;
    }
    // Models with both of these close a part of the answer with <|end|>, and the answer goes on.
    const bool endIsInner = (harmonyReturn >= 0 && call >= 0) || (flush >= 0 && (call >= 0 || calls >= 0));
    if (end >= 0 && endIsInner) {
        endIds.erase(end);
        types[end] = TokenType::userDefined;
        if (turnEnd.id == end)
            turnEnd = {};
    }
    fill(found.eot, turnEnd.id);
    if (plainEnd >= 0 && toolResponse >= 0) { // Gemma 4 writes </s> as text
        endIds.erase(plainEnd);
        types[plainEnd] = TokenType::normal;
    }
    for (const int32_t id : {vocabulary.eos, vocabulary.eot, vocabulary.eom, vocabulary.fimPad, vocabulary.fimRepository,
                             vocabulary.fimSeparator})
        if (id >= 0)
            endIds.insert(id);
    endIds.insert(vocabulary.endIds.begin(), vocabulary.endIds.end());
    found.endOfGeneration.assign(endIds.begin(), endIds.end());
    return found;
}

} // namespace sy::tokenizer
