// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/conversation.h"

#include "engine/core/error.h"
#include "engine/tokenizer/chat_prompt.h"

#include <algorithm>
#include <span>

namespace sy::train {

namespace {

using nlohmann::ordered_json;

bool startsWith(std::span<const int32_t> all, std::span<const int32_t> start)
{
    return all.size() >= start.size() && std::equal(start.begin(), start.end(), all.begin());
}

// The tokens of a prompt's text from an offset on; what messages say is plain text there too.
void encodeEnd(const TextEncoder& encoder, const tokenizer::ChatPrompt& prompt, size_t from, std::vector<int32_t>& ids)
{
    std::vector<size_t> literalPlaces;
    for (const size_t place : prompt.literalPlaces) {
        if (place >= from)
            literalPlaces.push_back(place - from);
    }
    encoder.tokenizer->encode(std::string_view(prompt.text).substr(from), {.parseSpecial = true}, literalPlaces, ids);
}

// Goes on from `text`, whose tokens are `ids`, to a longer prompt: its own tokens where they begin alike, else those of
// the text that is new.
void advance(const TextEncoder& encoder, const tokenizer::ChatPrompt& to, std::vector<int32_t>& ids, std::string& text)
{
    if (startsWith(to.ids, ids))
        ids = to.ids;
    else
        encodeEnd(encoder, to, text.size(), ids);
    text = to.text;
}

} // namespace

std::vector<TrainingText> encodeConversation(const TextEncoder& encoder, const ordered_json& messages)
{
    const auto render = [&](size_t nMessages, bool addGenerationPrompt) {
        ordered_json part = ordered_json::array();
        for (size_t i = 0; i < nMessages; ++i) {
            ordered_json message = messages[i];
            message.erase("weight");
            part.push_back(std::move(message));
        }
        tokenizer::ChatPromptOptions options;
        options.addGenerationPrompt = addGenerationPrompt;
        return tokenizer::encodeChat(*encoder.tokenizer, *encoder.chatTemplate, part, options);
    };
    std::vector<TrainingText> texts;
    TrainingText current;
    std::string text; // what current.tokens stand for
    for (size_t i = 0; i < messages.size(); ++i) {
        if (messages[i].value("role", "") != "assistant")
            continue;
        const auto weight = messages[i].find("weight");
        const bool isTrained = weight == messages[i].end() || *weight != 0;
        const tokenizer::ChatPrompt before = render(i, true), through = render(i + 1, false);
        if (!through.text.starts_with(before.text))
            throw Unsupported("this conversation's " + std::to_string(i + 1) + ". message",
                              "the template does not begin the answer as it asks for it");
        if (!before.text.starts_with(text)) { // earlier turns look different now: a text of its own
            texts.push_back(std::move(current));
            current = {};
            text.clear();
        }
        advance(encoder, before, current.tokens, text);
        current.isTrained.resize(current.tokens.size(), 0);
        const size_t first = current.tokens.size();
        // The answer's tokens follow the generation prompt's, as they do when the model answers.
        encodeEnd(encoder, through, before.text.size(), current.tokens);
        text = through.text;
        current.isTrained.resize(current.tokens.size(), uint8_t(isTrained));
        size_t end = current.tokens.size();
        while (end > first && !encoder.tokenizer->isEndOfGeneration(current.tokens[end - 1]))
            --end;
        if (end > first) // what the template writes behind the end token is not the model's to say
            std::fill(current.isTrained.begin() + long(end), current.isTrained.end(), uint8_t(0));
    }
    if (!current.tokens.empty())
        texts.push_back(std::move(current));
    return texts;
}

} // namespace sy::train
