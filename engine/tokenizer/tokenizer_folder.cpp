// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/tokenizer_folder.h"

#include "engine/core/error.h"
#include "engine/formats/json_text.h"
#include "engine/tokenizer/json_pipeline.h"
#include "engine/tokenizer/tokenizer_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>

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

    // The Llama classes put BOS in front when this flag says so, whatever tokenizer.json does; others ignore the flag.
    void readBosFlag()
    {
        const auto flag = m_config.find("add_bos_token");
        const auto kind = m_config.find("tokenizer_class");
        if (flag == m_config.end() || !flag->is_boolean() || kind == m_config.end() || !kind->is_string())
            return;
        const auto& name = kind->get_ref<const std::string&>();
        if (!name.starts_with("Llama") && !name.starts_with("CodeLlama") && !name.starts_with("Gemma"))
            return;
        const bool hasBos = m_v.bos >= 0 && std::ranges::find(m_v.idsBefore, m_v.bos) != m_v.idsBefore.end();
        if (flag->get<bool>() && !hasBos && m_v.bos >= 0)
            m_v.idsBefore.insert(m_v.idsBefore.begin(), m_v.bos);
        else if (!flag->get<bool>())
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

    fs::path m_folder;
    Vocabulary m_v;
    json m_config;
};

} // namespace

std::optional<FolderTokenizer> readTokenizerFolder(const fs::path& folder, int64_t nRows)
{
    std::error_code error;
    const fs::path file = folder / "tokenizer.json";
    if (fs::exists(file, error))
        return FolderReader(folder, readTokenizerJson(formats::readJson(file, kLargestTokenizer), file.string())).read(nRows);
    for (const char* other : {"tokenizer.model", "tiktoken.model", "vocab.json", "vocab.txt", "spiece.model"})
        if (fs::exists(folder / other, error))
            throw Unsupported("the tokenizer in " + (folder / other).string(), "this version reads tokenizer.json");
    return std::nullopt;
}

} // namespace sy::tokenizer
