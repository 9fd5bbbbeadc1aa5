// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/json_pipeline.h"

#include "engine/core/error.h"
#include "engine/tokenizer/pre_tokenizer_table.h"

#include <algorithm>
#include <array>

namespace sy::tokenizer {

using nlohmann::json;

namespace {

constexpr const char* kMetaspace = "\xE2\x96\x81";
constexpr size_t kMostSteps = 64;

std::string decodedBase64(const std::string& text, const Step& step)
{
    std::string out;
    uint32_t bits = 0;
    int nBits = 0;
    for (const char c : text) {
        int value = -1;
        if (c >= 'A' && c <= 'Z')
            value = c - 'A';
        else if (c >= 'a' && c <= 'z')
            value = c - 'a' + 26;
        else if (c >= '0' && c <= '9')
            value = c - '0' + 52;
        else if (c == '+' || c == '/')
            value = c == '+' ? 62 : 63;
        else if (c == '=')
            break;
        if (value < 0)
            step.bad("holds something else than base64");
        bits = bits << 6 | uint32_t(value);
        nBits += 6;
        if (nBits >= 8) {
            nBits -= 8;
            out += char(bits >> nBits & 0xFF);
        }
    }
    return out;
}

[[noreturn]] void refuse(const char* kind, const std::string& what)
{
    throw Unsupported(std::string(kind) + " \"" + what.substr(0, 80) + "\" of a tokenizer.json", "this version does not compute it");
}

// {"Regex": "…"} or {"String": "…"}.
std::string patternOf(const Step& step, bool& isLiteral)
{
    const Step pattern = step.requireObject("pattern");
    isLiteral = pattern.has("String");
    return pattern.string(isLiteral ? "String" : "Regex");
}

std::string escaped(const std::string& literal)
{
    std::string out;
    for (const char c : literal) {
        if (std::string_view("\\^$.[]|()?*+{}-#").find(c) != std::string_view::npos)
            out += '\\';
        out += c;
    }
    return out;
}

void addNormalizer(const Step& step, NormalizerFlags& flags)
{
    const std::string type = step.type();
    if (type == "Sequence") {
        for (const Step& part : step.steps("normalizers"))
            addNormalizer(part, flags);
    } else if (type == "NFC" || type == "NFKC" || type == "NFD" || type == "NFKD") {
        if (flags.form != UnicodeForm::none)
            refuse("the second normalizer", type);
        flags.form = type == "NFC" ? UnicodeForm::nfc : type == "NFKC" ? UnicodeForm::nfkc : type == "NFD" ? UnicodeForm::nfd : UnicodeForm::nfkd;
    } else if (type == "Lowercase") {
        flags.lowercases = true;
    } else if (type == "BertNormalizer") {
        if (!step.boolean("handle_chinese_chars", true) || !step.boolean("clean_text", true))
            refuse("the variant of normalizer", type);
        flags.lowercases = step.boolean("lowercase", true);
        if (step.has("strip_accents"))
            flags.stripsAccents = step.boolean("strip_accents", false);
    } else if (type == "Prepend") {
        if (step.string("prepend") != kMetaspace)
            refuse("the normalizer Prepend", step.string("prepend"));
        flags.prependsSpace = true;
    } else if (type == "Replace") {
        bool isLiteral = false;
        const std::string from = patternOf(step, isLiteral), to = step.string("content");
        if (isLiteral && from == " " && to == kMetaspace)
            flags.isMetaspace = true;
        else if (!isLiteral && from == " {2,}" && (to == " " || to == kMetaspace))
            flags.joinsSpaces = true;
        else
            refuse("the normalizer Replace", from);
    } else if (type == "Precompiled") {
        flags.charsmap = decodedBase64(step.string("precompiled_charsmap"), step);
    } else if (type != "Strip" || !flags.joinsSpaces) { // where spaces are joined, they are stripped as well
        refuse("the normalizer", type);
    }
}

// Contractions in any case. Case folding over Unicode would match the long s as well; the models' own tokenizers do not.
std::string withPlainContractions(std::string expression)
{
    constexpr std::string_view kFolded = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    constexpr std::string_view kWritten = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
    for (size_t at = expression.find(kFolded); at != std::string::npos; at = expression.find(kFolded, at))
        expression.replace(at, kFolded.size(), kWritten);
    return expression;
}

void addPreTokenizer(const Step& step, PreTokenizerFlags& flags)
{
    const std::string type = step.type();
    if (flags.expressions.size() > kMostSteps)
        step.bad("has too many steps");
    if (type == "Sequence") {
        for (const Step& part : step.steps("pretokenizers"))
            addPreTokenizer(part, flags);
    } else if (type == "Split") {
        bool isLiteral = false;
        const std::string pattern = patternOf(step, isLiteral), behavior = step.string("behavior");
        // "Removed" with invert keeps the matches; the expressions of such files match everything.
        const bool keepsMatches = behavior == "Isolated" || (behavior == "Removed" && step.boolean("invert", false));
        if (isLiteral && pattern == " " && behavior == "MergedWithPrevious")
            return; // Gemma's: no space is left once they are U+2581
        if (!keepsMatches || pattern.empty())
            refuse("the pre-tokenizer Split with behavior", behavior);
        flags.expressions.push_back(isLiteral ? escaped(pattern) : withPlainContractions(pattern));
    } else if (type == "Digits") {
        flags.expressions.emplace_back(step.boolean("individual_digits", false) ? "\\p{N}" : "\\p{N}+");
    } else if (type == "Punctuation") {
        const std::string behavior = step.string("behavior", "Isolated");
        if (behavior != "Isolated" && behavior != "Contiguous")
            refuse("the pre-tokenizer Punctuation with behavior", behavior);
        flags.expressions.emplace_back(behavior == "Isolated" ? "[\\p{P}$+<=>^`|~]" : "[\\p{P}$+<=>^`|~]+");
    } else if (type == "ByteLevel") {
        if (step.boolean("add_prefix_space", true))
            refuse("the pre-tokenizer", "ByteLevel with add_prefix_space");
        flags.isByteLevel = true;
        if (step.boolean("use_regex", true))
            flags.expressions.emplace_back(findPreTokenizer("gpt-2")->expressions.front());
    } else if (type == "Metaspace") {
        if (step.string("replacement", kMetaspace) != kMetaspace)
            refuse("the pre-tokenizer Metaspace with replacement", step.string("replacement"));
        const std::string scheme = step.string("prepend_scheme", step.boolean("add_prefix_space", true) ? "always" : "never");
        if (scheme != "always" && scheme != "never" && scheme != "first")
            refuse("the pre-tokenizer Metaspace with prepend_scheme", scheme);
        flags.isMetaspace = true;
        flags.prependsSpace = scheme != "never";
        flags.prependsOnlyFirst = scheme == "first";
    } else if (type == "WhitespaceSplit") {
        flags.splitsWhitespace = true;
    } else if (type == "BertPreTokenizer") {
        flags.isBert = true;
    } else {
        refuse("the pre-tokenizer", type);
    }
}

std::string pairName(const Step& step, const char* key) // ["[CLS]", 101]
{
    const json& pair = step.require(key);
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string())
        step.bad(std::string("has a ") + key + " that is no token with its id");
    return pair[0].get<std::string>();
}

void addPostProcessor(const Step& step, Surroundings& around)
{
    const std::string type = step.type();
    if (type == "Sequence") {
        for (const Step& part : step.steps("processors"))
            addPostProcessor(part, around);
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
        around.before.push_back(pairName(step, "cls"));
        around.after.push_back(pairName(step, "sep"));
    } else if (type == "TemplateProcessing") {
        bool isBehind = false;
        for (const Step& part : step.steps("single")) {
            if (part.has("Sequence"))
                isBehind = true;
            else
                (isBehind ? around.after : around.before).push_back(part.requireObject("SpecialToken").string("id"));
        }
        if (!isBehind)
            step.bad("is a template without the text");
        if (around.before.size() + around.after.size() > kMostSteps)
            step.bad("adds more tokens than any model wants");
    } else if (type != "ByteLevel") { // which trims offsets that nobody here asks for
        refuse("the post-processor", type);
    }
}

} // namespace

Step::Step(const json& values, const std::string& path, std::string name) : m_values(&values), m_path(&path), m_name(std::move(name))
{
    if (!values.is_object())
        bad("is no object");
}

void Step::bad(const std::string& problem) const
{
    throw BadFile(*m_path, m_name + " " + problem);
}

const json* Step::find(const char* key) const
{
    const auto it = m_values->find(key);
    return it == m_values->end() || it->is_null() ? nullptr : &*it;
}

const json& Step::require(const char* key) const
{
    if (const json* value = find(key))
        return *value;
    bad(std::string("has no ") + key);
}

std::string Step::string(const char* key) const
{
    const json& value = require(key);
    if (!value.is_string())
        bad(std::string("has a ") + key + " that is no text");
    return value.get<std::string>();
}

std::string Step::string(const char* key, const std::string& fallback) const
{
    return has(key) ? string(key) : fallback;
}

bool Step::boolean(const char* key, bool fallback) const
{
    const json* value = find(key);
    if (value && !value->is_boolean())
        bad(std::string("has a ") + key + " that is neither true nor false");
    return value ? value->get<bool>() : fallback;
}

std::optional<Step> Step::object(const char* key) const
{
    const json* value = find(key);
    return value ? std::optional(Step(*value, *m_path, key)) : std::nullopt;
}

Step Step::requireObject(const char* key) const
{
    return {require(key), *m_path, key};
}

std::vector<Step> Step::steps(const char* key) const
{
    const json& list = require(key);
    if (!list.is_array() || list.size() > kMostSteps)
        bad(std::string("has ") + key + " that are no short list");
    std::vector<Step> steps;
    for (const json& item : list)
        steps.emplace_back(item, *m_path, std::string("a step in ") + key);
    return steps;
}

NormalizerFlags readNormalizer(const std::optional<Step>& step)
{
    NormalizerFlags flags;
    if (step)
        addNormalizer(*step, flags);
    return flags;
}

PreTokenizerFlags readPreTokenizer(const std::optional<Step>& step)
{
    PreTokenizerFlags flags;
    if (step)
        addPreTokenizer(*step, flags);
    return flags;
}

Surroundings readPostProcessorStep(const std::optional<Step>& step)
{
    Surroundings around;
    if (step)
        addPostProcessor(*step, around);
    return around;
}

} // namespace sy::tokenizer
