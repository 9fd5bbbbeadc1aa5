// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/row_texts.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/train/row_format.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace sy::train {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

[[noreturn]] void bad(const std::string& problem)
{
    throw std::runtime_error(problem);
}

std::string keysOf(const json& row)
{
    std::string keys;
    for (const auto& [key, value] : row.items())
        keys += (keys.empty() ? "" : ", ") + key;
    return keys;
}

std::vector<int32_t> numbersOf(const json& row, const char* key, int64_t most)
{
    const auto found = row.find(key);
    if (found == row.end() || !found->is_array())
        bad("has no list \"" + std::string(key) + "\"");
    std::vector<int32_t> values;
    for (const json& value : *found) {
        if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > most)
            bad("has " + value.dump() + " in \"" + key + "\", expected 0 to " + std::to_string(most));
        values.push_back(value.get<int32_t>());
    }
    return values;
}

TrainingText tokensOf(const json& row, int64_t nVocabulary)
{
    TrainingText t;
    t.tokens = numbersOf(row, "ids", nVocabulary - 1);
    const std::vector<int32_t> mask = numbersOf(row, "mask", 1);
    if (mask.size() != t.tokens.size())
        bad("has " + std::to_string(t.tokens.size()) + " ids and a mask of " + std::to_string(mask.size()));
    t.isTrained.assign(mask.begin(), mask.end());
    return t;
}

void trainAll(std::vector<TrainingText>& texts, uint8_t isTrained)
{
    for (TrainingText& text : texts)
        text.isTrained.assign(text.isTrained.size(), isTrained);
}

Example exampleOf(std::vector<TrainingText> texts, bool isConversation)
{
    Sha256 hash;
    for (const TrainingText& text : texts)
        addTo(hash, text);
    return {std::move(texts), std::stoull(hash.hex().substr(0, 16), nullptr, 16), isConversation};
}

// Both end with the answer that counts, whatever the template makes of the turns before.
std::vector<TrainingText> pairOf(const RowContent& content, const TextEncoder& encoder)
{
    std::vector<TrainingText> chosen = encodeConversation(encoder, content.messages),
                              rejected = encodeConversation(encoder, content.otherMessages);
    std::vector<TrainingText> pair = {std::move(chosen.back()), std::move(rejected.back())};
    if (pair[0].tokens == pair[1].tokens) // nothing to prefer
        trainAll(pair, 0);
    return pair;
}

std::vector<TrainingText> piecesOf(const std::string& text, const TextEncoder& encoder, int64_t contextLength)
{
    if (!encoder.tokenizer)
        throw Unsupported("training plain text", "the model has no tokenizer");
    std::vector<int32_t> ids = encoder.tokenizer->encode(text, {.addSpecial = true});
    const int32_t end = encoder.tokenizer->eos();
    if (end >= 0 && (ids.empty() || ids.back() != end))
        ids.push_back(end);
    const auto most = size_t(contextLength);
    std::vector<TrainingText> pieces;
    for (size_t first = 0; first == 0 || first + 1 < ids.size(); first += most - 1) {
        const size_t last = std::min(first + most, ids.size());
        TrainingText& piece = pieces.emplace_back();
        piece.tokens.assign(ids.begin() + long(first), ids.begin() + long(last));
        piece.isTrained.assign(piece.tokens.size(), 1);
    }
    return pieces;
}

void addContent(RowTexts& result, const RowContent& content, const TextEncoder& encoder, const RowRules& rules)
{
    for (const ordered_json* messages : {&content.messages, &content.otherMessages})
        for (const ordered_json& message : *messages)
            result.personal += findPersonalData(message["content"].get_ref<const std::string&>());
    if (content.text) {
        result.personal += findPersonalData(*content.text);
        for (TrainingText& piece : piecesOf(*content.text, encoder, rules.contextLength))
            result.examples.push_back(exampleOf({std::move(piece)}, false));
        return;
    }
    if (!encoder.tokenizer || !encoder.chatTemplate)
        throw Unsupported("training a conversation", "the model has no chat template");
    if (isPreference(rules.objective)) {
        result.examples.push_back(exampleOf(pairOf(content, encoder), true));
        return;
    }
    std::vector<TrainingText> texts = encodeConversation(encoder, content.messages);
    if (rules.objective == Objective::pretrain)
        trainAll(texts, 1);
    result.examples.push_back(exampleOf(std::move(texts), rules.objective == Objective::sft));
}

} // namespace

void addTo(Sha256& hash, const TrainingText& text)
{
    const auto count = int64_t(text.tokens.size());
    hash.add(std::as_bytes(std::span(&count, 1)));
    hash.add(std::as_bytes(std::span(text.tokens)));
    hash.add(std::as_bytes(std::span(text.isTrained)));
}

RowTexts encodeRow(const json& row, const TextEncoder& encoder, const RowRules& rules)
{
    if (!row.is_object())
        bad("is no object");
    RowTexts result;
    const bool isKnown = rules.format != DataFormat::automatic && rules.format != DataFormat::csv;
    result.format = isKnown ? rules.format : recognizeRow(row);
    if (result.format == DataFormat::automatic)
        bad("is of no known format; its keys are " + keysOf(row));
    if ((result.format == DataFormat::preference) != isPreference(rules.objective))
        bad(result.format == DataFormat::preference ? "is a preference, which the objectives dpo and orpo learn from"
                                                    : "is no preference, which this objective learns from");
    if (result.format == DataFormat::tokens)
        result.examples.push_back(exampleOf({tokensOf(row, rules.nVocabulary)}, false));
    else
        addContent(result, readRow(row, result.format), encoder, rules);
    return result;
}

} // namespace sy::train
