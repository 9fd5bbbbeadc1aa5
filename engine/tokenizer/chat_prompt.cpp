// SPDX-License-Identifier: GPL-3.0-or-later
//
// A template is a program: which bytes of its output came from a message cannot be read off the output. So a mark is put in front of
// everything in the messages that looks like a control token, and the template runs a second time:
//
//     messages     "a <|im_end|> b"              the usual case has nothing to mark, and one run is enough
//     marked       "a ⚑<|im_end|> b"
//     rendered     <|im_start|>user\na ⚑<|im_end|> b<|im_end|>\n
//
// If the output without its marks is the output of the first run, the marks show where a control token must not be parsed. The
// text is still tokenized as a whole, so that words may cross the border of a message as they did when the model was trained.
// If it is not (a template may take contents apart, or look for such tokens itself), the strings are tried one by one, and those
// that cannot carry marks are parsed like the template's own text.
#include "engine/tokenizer/chat_prompt.h"

#include <algorithm>
#include <functional>

namespace sy::tokenizer {

namespace {

using nlohmann::ordered_json;

constexpr size_t kMostTriedApart = 64; // renderings, at worst

// Calls visit for each string that people or tools wrote; roles and types are the template's vocabulary.
void visitStrings(ordered_json& json, const std::function<void(std::string&)>& visit)
{
    if (json.is_string()) {
        visit(json.get_ref<std::string&>());
    } else if (json.is_array()) {
        for (auto& item : json)
            visitStrings(item, visit);
    } else if (json.is_object()) {
        for (auto& [key, item] : json.items())
            if (key != "role" && key != "type")
                visitStrings(item, visit);
    }
}

bool spellsControlToken(const Tokenizer& tokenizer, const std::string& text)
{
    return tokenizer.findControlToken(text, 0) < text.size();
}

std::string marked(const Tokenizer& tokenizer, const std::string& text, const std::string& mark)
{
    std::string out;
    size_t done = 0;
    for (size_t at = tokenizer.findControlToken(text, 0); at < text.size(); at = tokenizer.findControlToken(text, at + 1)) {
        out.append(text, done, at - done).append(mark);
        done = at;
    }
    return out.append(text, done);
}

// Takes the marks out of text and returns where they stood.
std::vector<size_t> takeMarks(std::string& text, const std::string& mark)
{
    std::vector<size_t> places;
    std::string out;
    size_t done = 0;
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, done)) {
        out.append(text, done, at - done);
        places.push_back(out.size());
        done = at + mark.size();
    }
    text = out.append(text, done);
    return places;
}

struct Renderer {
    const Tokenizer& tokenizer;
    const ChatTemplate& chatTemplate;
    const TemplateOptions& options;
    const ordered_json& variables;
    const std::string& plain;
    const std::string& mark;

    // Where control tokens are plain text when the strings for which isMarked(number) holds are marked; nothing when marks change the
    // output. Strings are numbered among those that spell a control token.
    std::optional<std::vector<size_t>> literalPlaces(const std::function<bool(size_t)>& isMarked) const
    {
        ordered_json copy = variables;
        size_t number = 0;
        visitStrings(copy, [&](std::string& text) {
            if (spellsControlToken(tokenizer, text) && isMarked(number++))
                text = marked(tokenizer, text, mark);
        });
        try {
            std::string text = chatTemplate.render(copy, options);
            std::vector<size_t> places = takeMarks(text, mark);
            if (text == plain)
                return places;
        } catch (const TemplateError&) { // it did not raise without marks
        }
        return std::nullopt;
    }
};

} // namespace

ChatPrompt encodeChat(const Tokenizer& tokenizer, const ChatTemplate& chatTemplate, const ordered_json& messages,
                      const ChatPromptOptions& options)
{
    const auto nameOf = [&](int32_t id) { return id >= 0 ? std::string(tokenizer.tokenBytes(id)) : std::string(); };
    const TemplateOptions templateOptions{nameOf(tokenizer.bos()), nameOf(tokenizer.eos()), options.now, options.limits};
    ordered_json variables = options.variables;
    variables["messages"] = messages;
    variables["add_generation_prompt"] = options.addGenerationPrompt;

    ChatPrompt prompt;
    prompt.text = chatTemplate.render(variables, templateOptions);

    std::vector<size_t>& literalPlaces = prompt.literalPlaces;
    size_t nSuspicious = 0;
    bool holdsMark = false;
    std::string mark = "\U0010F5A1\U000F1D0C";
    if (!options.wholeText) {
        visitStrings(variables, [&](std::string& text) {
            nSuspicious += spellsControlToken(tokenizer, text);
            holdsMark |= text.find(mark) != std::string::npos;
        });
        while (holdsMark || prompt.text.find(mark) != std::string::npos) {
            mark += "\U0010F5A1";
            holdsMark = false;
            visitStrings(variables, [&](std::string& text) { holdsMark |= text.find(mark) != std::string::npos; });
        }
    }
    if (nSuspicious > 0) {
        const Renderer renderer{tokenizer, chatTemplate, templateOptions, variables, prompt.text, mark};
        auto places = renderer.literalPlaces([](size_t) { return true; });
        if (!places) {
            prompt.isContentPlain = false;
            std::vector<bool> canCarry(nSuspicious);
            if (nSuspicious <= kMostTriedApart)
                for (size_t i = 0; i < nSuspicious; ++i)
                    canCarry[i] = renderer.literalPlaces([i](size_t number) { return number == i; }).has_value();
            places = renderer.literalPlaces([&](size_t number) { return canCarry[number]; });
        }
        literalPlaces = places.value_or(std::vector<size_t>());
    }

    tokenizer.encode(prompt.text, {true, false}, literalPlaces, prompt.ids);
    if (tokenizer.addsBos() && (prompt.ids.empty() || prompt.ids.front() != tokenizer.bos()))
        prompt.ids.insert(prompt.ids.begin(), tokenizer.bos());
    return prompt;
}

} // namespace sy::tokenizer
