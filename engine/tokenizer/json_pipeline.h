// SPDX-License-Identifier: GPL-3.0-or-later
// The steps of a tokenizer.json in terms of what our encoders do.
#pragma once

#include "engine/tokenizer/vocabulary.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sy::tokenizer {

/// An object of the file with fields by type; the wrong ones are BadFile naming the field.
class Step {
public:
    Step(const nlohmann::json& values, const std::string& path, std::string name);

    std::string type() const { return string("type"); }
    bool has(const char* key) const { return find(key) != nullptr; } // present and not null
    const nlohmann::json* find(const char* key) const;
    const nlohmann::json& require(const char* key) const;
    std::string string(const char* key) const;
    std::string string(const char* key, const std::string& fallback) const;
    bool boolean(const char* key, bool fallback) const;
    std::optional<Step> object(const char* key) const;
    Step requireObject(const char* key) const;
    std::vector<Step> steps(const char* key) const; // a list of objects
    [[noreturn]] void bad(const std::string& problem) const;

private:
    const nlohmann::json* m_values;
    const std::string* m_path;
    std::string m_name;
};

struct NormalizerFlags {
    UnicodeForm form = UnicodeForm::none;
    bool isMetaspace = false;   // spaces become U+2581
    bool prependsSpace = false; // and one stands before the text
    bool joinsSpaces = false;   // several spaces become one
    bool lowercases = false;
    std::optional<bool> stripsAccents;
    std::string charsmap; // decoded
};
NormalizerFlags readNormalizer(const std::optional<Step>& step);

struct PreTokenizerFlags {
    std::vector<std::string> expressions; // one splitting pass each
    bool isByteLevel = false;
    bool isMetaspace = false;
    bool prependsSpace = false;
    bool prependsOnlyFirst = false; // at the beginning of the text, not behind special tokens
    bool splitsWhitespace = false;
    bool isBert = false;
};
PreTokenizerFlags readPreTokenizer(const std::optional<Step>& step);

/// Tokens that stand before and behind a single text.
struct Surroundings {
    std::vector<std::string> before, after;
};
Surroundings readPostProcessorStep(const std::optional<Step>& step);

} // namespace sy::tokenizer
