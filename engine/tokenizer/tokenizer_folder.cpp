// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/tokenizer_folder.h"

#include "engine/core/error.h"
#include "engine/formats/json_text.h"
#include "engine/tokenizer/json_pipeline.h"
#include "engine/tokenizer/sentence_piece_model.h"
#include "engine/tokenizer/tokenizer_json.h"
#include "engine/tokenizer/word_piece_list.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <deque>

namespace sy::tokenizer {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr uint64_t kLargestTokenizer = 256 << 20; // Gemma's has 33 MB
constexpr uint64_t kLargestConfig = 16 << 20;

json readIfThere(const fs::path& path)
{
    std::error_code error;
    return fs::exists(path, error) ? formats::readJson(path, kLargestConfig) : json::object();
}

/// "<s>", or {"content": "<s>", …}.
std::string tokenText(const json& value)
{
    if (value.is_string())
        return value.get<std::string>();
    if (value.is_object() && value.contains("content") && value["content"].is_string())
        return value["content"].get<std::string>();
    return {};
}

class FolderReader {
public:
    FolderReader(const fs::path& folder, Vocabulary vocabulary)
        : m_folder(folder), m_v(std::move(vocabulary)), m_config(readIfThere(folder / "tokenizer_config.json"))
    {
        if (!m_config.is_object())
            throw BadFile((folder / "tokenizer_config.json").string(), "it is no JSON object");
    }

    /// What a list of pieces leaves to the files beside it, and tokenizer.json says itself.
    void completePieces(int64_t nRows)
    {
        const int64_t nMost = std::max(nRows, int64_t(m_v.tokens.size()));
        if (const auto added = m_config.find("added_tokens_decoder"); added != m_config.end() && added->is_object()) {
            for (const auto& [id, token] : added->items()) {
                int32_t number = -1;
                std::from_chars(id.data(), id.data() + id.size(), number);
                addToken(number, tokenText(token), token, nMost);
            }
        } else if (const json older = readIfThere(m_folder / "added_tokens.json"); older.is_object()) {
            for (const auto& [text, id] : older.items())
                addToken(id.is_number_unsigned() && id.get<uint64_t>() <= INT32_MAX ? id.get<int32_t>() : -1, text, json::object(), nMost);
        }
        if (m_v.kind == VocabularyKind::wordPiece) {
            m_v.lowercase = flag("do_lower_case").value_or(true);
            m_v.stripAccents = flag("strip_accents").value_or(*m_v.lowercase);
            return;
        }
        const bool isUnigram = m_v.kind == VocabularyKind::unigram; // T5's class ends a text, Llama's begins it
        m_v.addBos = flag("add_bos_token").value_or(!isUnigram);
        m_v.addEos = flag("add_eos_token").value_or(isUnigram);
        m_v.prefixesOnlyStart = !flag("legacy").value_or(true);
        if (const auto prefix = flag("add_prefix_space"))
            m_v.addSpacePrefix = prefix;
    }

    FolderTokenizer read(int64_t nRows)
    {
        readSpecialTokens();
        readBosFlag();
        readEndIds();
        pad(nRows);
        return {std::move(m_v), chatTemplate()};
    }

private:
    int32_t idOf(const std::string& text) const
    {
        if (text.empty())
            return -1;
        const auto at = std::ranges::find(m_v.tokens, text);
        return at == m_v.tokens.end() ? -1 : int32_t(at - m_v.tokens.begin());
    }

    void readSpecialTokens()
    {
        const std::pair<const char*, int32_t*> slots[] = {{"bos_token", &m_v.bos},     {"eos_token", &m_v.eos},
                                                          {"sep_token", &m_v.separator}, {"pad_token", &m_v.padding},
                                                          {"mask_token", &m_v.mask}};
        for (const auto& [key, id] : slots)
            if (const auto value = m_config.find(key); value != m_config.end())
                *id = idOf(tokenText(*value));
    }

    std::optional<bool> flag(const char* key) const
    {
        const auto value = m_config.find(key);
        return value != m_config.end() && value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
    }

    void addToken(int32_t id, const std::string& text, const json& traits, int64_t nMost)
    {
        if (id < 0 || id >= nMost || text.empty())
            throw BadFile((m_folder / "tokenizer_config.json").string(),
                          "the added token \"" + text.substr(0, 60) + "\" has no place in a vocabulary of " + std::to_string(nMost));
        const auto is = [&](const char* key, bool fallback) {
            const auto value = traits.is_object() ? traits.find(key) : traits.end();
            return traits.is_object() && value != traits.end() && value->is_boolean() ? value->get<bool>() : fallback;
        };
        m_v.tokens.resize(std::max(m_v.tokens.size(), size_t(id) + 1));
        m_v.types.resize(m_v.tokens.size(), TokenType::unused);
        if (!m_v.scores.empty())
            m_v.scores.resize(m_v.tokens.size(), 0.0f);
        if (!m_added) {
            m_added = std::make_shared<Added>(Added{m_v.owner, {}});
            m_v.owner = m_added;
        }
        m_v.tokens[size_t(id)] = m_added->texts.emplace_back(text);
        if (id != m_v.unknown)
            m_v.types[size_t(id)] = is("special", true) ? TokenType::control : TokenType::userDefined;
        if (is("lstrip", false))
            m_v.stripsLeft.push_back(id);
        if (is("rstrip", false))
            m_v.stripsRight.push_back(id);
    }

    // The Llama classes put BOS in front when this flag says so, whatever tokenizer.json does; others ignore the flag.
    void readBosFlag()
    {
        const auto addsBos = flag("add_bos_token");
        const auto kind = m_config.find("tokenizer_class");
        if (!addsBos || m_v.addBos.value_or(false) || kind == m_config.end() || !kind->is_string())
            return;
        const auto& name = kind->get_ref<const std::string&>();
        if (!name.starts_with("Llama") && !name.starts_with("CodeLlama") && !name.starts_with("Gemma"))
            return;
        const bool hasBos = m_v.bos >= 0 && std::ranges::find(m_v.idsBefore, m_v.bos) != m_v.idsBefore.end();
        if (*addsBos && !hasBos && m_v.bos >= 0)
            m_v.idsBefore.insert(m_v.idsBefore.begin(), m_v.bos);
        else if (!*addsBos)
            std::erase(m_v.idsBefore, m_v.bos);
    }

    void readEndIds()
    {
        for (const char* name : {"generation_config.json", "config.json"}) {
            const json config = readIfThere(m_folder / name);
            const auto ids = config.is_object() ? config.find("eos_token_id") : config.end();
            if (!config.is_object() || ids == config.end() || ids->is_null())
                continue;
            for (const json& id : ids->is_array() ? *ids : json::array({*ids})) {
                if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() > INT32_MAX)
                    throw BadFile((m_folder / name).string(), "eos_token_id is no token id");
                m_v.endIds.push_back(id.get<int32_t>());
            }
        }
    }

    void pad(int64_t nRows)
    {
        const auto nTokens = int64_t(m_v.tokens.size());
        if (nRows <= nTokens)
            return;
        m_v.tokens.resize(size_t(nRows));
        m_v.types.resize(size_t(nRows), TokenType::unused);
        if (!m_v.scores.empty())
            m_v.scores.resize(size_t(nRows), 0.0f);
    }

    std::string chatTemplate() const
    {
        std::error_code error;
        if (fs::exists(m_folder / "chat_template.jinja", error))
            return formats::readTextFile(m_folder / "chat_template.jinja", kLargestConfig);
        const auto stored = m_config.find("chat_template");
        if (stored == m_config.end())
            return {};
        if (stored->is_string())
            return stored->get<std::string>();
        if (stored->is_array()) // several by name
            for (const json& item : *stored)
                if (item.is_object() && tokenTextOf(item, "name") == "default")
                    return tokenTextOf(item, "template");
        return {};
    }

    static std::string tokenTextOf(const json& object, const char* key)
    {
        const auto value = object.find(key);
        return value != object.end() && value->is_string() ? value->get<std::string>() : std::string();
    }

    struct Added {
        std::shared_ptr<const void> vocabulary;
        std::deque<std::string> texts; // stay where they are as more come
    };

    fs::path m_folder;
    Vocabulary m_v;
    std::shared_ptr<Added> m_added;
    json m_config;
};

} // namespace

std::optional<FolderTokenizer> readTokenizerFolder(const fs::path& folder, int64_t nRows)
{
    std::error_code error;
    const fs::path file = folder / "tokenizer.json";
    if (fs::exists(file, error))
        return FolderReader(folder, readTokenizerJson(formats::readJson(file, kLargestTokenizer), file.string())).read(nRows);
    const auto complete = [&](Vocabulary vocabulary) {
        FolderReader reader(folder, std::move(vocabulary));
        reader.completePieces(nRows);
        return reader.read(nRows);
    };
    for (const char* name : {"tokenizer.model", "spiece.model"}) {
        const fs::path model = folder / name;
        if (fs::exists(model, error))
            return complete(readSentencePieceModel(formats::readTextFile(model, kLargestTokenizer), model.string()));
    }
    if (const fs::path list = folder / "vocab.txt"; fs::exists(list, error))
        return complete(readWordPieceList(formats::readTextFile(list, kLargestTokenizer), list.string()));
    for (const char* other : {"tiktoken.model", "vocab.json", "sentencepiece.bpe.model"})
        if (fs::exists(folder / other, error))
            throw Unsupported("the tokenizer in " + (folder / other).string(), "this version reads tokenizer.json, tokenizer.model and vocab.txt");
    return std::nullopt;
}

} // namespace sy::tokenizer
