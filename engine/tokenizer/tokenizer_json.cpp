// SPDX-License-Identifier: GPL-3.0-or-later
//
// tokenizer.json describes a pipeline of steps with names; a Vocabulary says what our encoders do by flags. Every step is either one that
// an encoder does anyway, or becomes a flag, an expression or a normalization of the Vocabulary; anything else is refused by name.
//
//     added_tokens     found in the text before anything else
//     normalizer       text to text
//     pre_tokenizer    text to words
//     model            words to ids: BPE, Unigram, WordPiece
//     post_processor   what stands around a text
#include "engine/tokenizer/tokenizer_json.h"

#include "engine/core/error.h"
#include "engine/tokenizer/json_pipeline.h"
#include "engine/tokenizer/piece_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace sy::tokenizer {

namespace {

using nlohmann::json;

struct Strings { // what the vocabulary's views look at
    std::vector<std::string> tokens, merges;
    std::string charsmap;
};

class Reader {
public:
    Reader(const json& file, const std::string& path) : m_file(file, path, "tokenizer.json"), m_strings(std::make_shared<Strings>())
    {
        m_v.source = path;
    }

    Vocabulary read()
    {
        const Step model = m_file.requireObject("model");
        readPipeline();
        const std::string type = model.string("type", guessedType(model));
        if (type == "BPE")
            readBpe(model);
        else if (type == "Unigram")
            readUnigram(model);
        else if (type == "WordPiece")
            readWordPiece(model);
        else
            throw Unsupported("tokenizer model \"" + type.substr(0, 60) + "\"", "this version knows BPE, Unigram and WordPiece");
        readAddedTokens();
        readPostProcessor();
        finish();
        return std::move(m_v);
    }

private:
    static std::string guessedType(const Step& model) // old files do not say
    {
        return model.has("merges") ? "BPE" : model.has("unk_id") ? "Unigram" : "WordPiece";
    }

    void readPipeline()
    {
        m_normalizer = readNormalizer(m_file.object("normalizer"));
        m_preTokenizer = readPreTokenizer(m_file.object("pre_tokenizer"));
    }

    /// {token: id} or, of a unigram, a list; ids may leave holes but not by far.
    void place(const std::string& token, const json& id, size_t nTokens)
    {
        if (!id.is_number_unsigned() || id.get<uint64_t>() > 2 * uint64_t(nTokens) + 65536)
            m_file.bad("token \"" + token.substr(0, 60) + "\" has no usable id");
        const auto at = id.get<size_t>();
        if (at >= m_strings->tokens.size()) {
            m_strings->tokens.resize(at + 1);
            m_v.types.resize(at + 1, TokenType::unused);
            m_isPlaced.resize(at + 1);
        }
        if (m_isPlaced[at])
            m_file.bad("two tokens have the id " + std::to_string(at));
        m_isPlaced[at] = true;
        m_strings->tokens[at] = token;
        m_v.types[at] = TokenType::normal;
    }

    void readVocabulary(const Step& model)
    {
        const json& vocabulary = model.require("vocab");
        if (!vocabulary.is_object() || vocabulary.empty())
            m_file.bad("model.vocab is no object of tokens");
        for (const auto& [token, id] : vocabulary.items())
            place(token, id, vocabulary.size());
    }

    int32_t idOf(const std::string& token) const
    {
        const auto& tokens = m_strings->tokens;
        const auto at = std::ranges::find(tokens, token);
        return at == tokens.end() ? -1 : int32_t(at - tokens.begin());
    }

    void readUnknown(const Step& model)
    {
        if (model.has("unk_token"))
            m_v.unknown = idOf(model.string("unk_token"));
        if (m_v.unknown >= 0)
            m_v.types[size_t(m_v.unknown)] = TokenType::unknown;
    }

    void readBpe(const Step& model)
    {
        for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
            if (model.has(key) && !model.string(key).empty())
                throw Unsupported(std::string("the BPE setting ") + key, "no model that this version runs uses it");
        readVocabulary(model);
        readMerges(model.require("merges"));
        readUnknown(model);
        if (m_preTokenizer.isByteLevel) {
            m_v.kind = VocabularyKind::bytePair;
            m_v.expressions = m_preTokenizer.expressions;
            m_v.usesWholeWords = model.boolean("ignore_merges", false);
            m_v.normalization = m_normalizer.form;
            if (m_normalizer.isMetaspace || m_normalizer.lowercases || !m_normalizer.charsmap.empty())
                throw Unsupported("this normalizer before byte-level BPE", "no model that this version runs uses it");
            return;
        }
        if (!m_normalizer.isMetaspace && !m_preTokenizer.isMetaspace)
            throw Unsupported("BPE that is neither byte-level nor SentencePiece's", "this version knows those two");
        m_v.kind = VocabularyKind::sentencePieceBpe;
        useMetaspace();
        scoreByMerges();
    }

    void readMerges(const json& merges)
    {
        if (!merges.is_array())
            m_file.bad("model.merges is no list");
        m_strings->merges.reserve(merges.size());
        for (const json& merge : merges) {
            if (merge.is_string()) {
                m_strings->merges.push_back(merge.get<std::string>());
            } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
                m_strings->merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
            } else {
                m_file.bad("merge " + std::to_string(m_strings->merges.size()) + " is no pair");
            }
        }
    }

    // The merges of such a file were made from SentencePiece's scores, best first; the encoder wants scores again. A piece that no
    // merge makes has none and can only be a single character.
    void scoreByMerges()
    {
        std::unordered_map<std::string_view, size_t> ids;
        for (size_t id = 0; id < m_strings->tokens.size(); ++id)
            ids.emplace(m_strings->tokens[id], id);
        m_v.scores.assign(m_strings->tokens.size(), -float(m_strings->merges.size() + 1));
        std::string result;
        for (size_t rank = m_strings->merges.size(); rank-- > 0;) { // of several merges for a piece the best counts
            const std::string& merge = m_strings->merges[rank];
            const size_t space = merge.find(' ', 1);
            if (space == std::string::npos)
                m_file.bad("merge " + std::to_string(rank) + " has no two parts");
            result.assign(merge, 0, space).append(merge, space + 1);
            if (const auto id = ids.find(result); id != ids.end())
                m_v.scores[id->second] = -float(rank);
        }
        for (size_t id = 0; id < m_strings->tokens.size(); ++id)
            if (m_v.types[id] == TokenType::normal && byteOfName(m_strings->tokens[id]) >= 0)
                m_v.types[id] = TokenType::byte;
        m_strings->merges.clear();
    }

    void readUnigram(const Step& model)
    {
        m_v.kind = VocabularyKind::unigram;
        const json& vocabulary = model.require("vocab");
        if (!vocabulary.is_array() || vocabulary.empty())
            m_file.bad("model.vocab is no list of pieces");
        for (const json& row : vocabulary) {
            if (!row.is_array() || row.size() != 2 || !row[0].is_string() || !row[1].is_number())
                m_file.bad("piece " + std::to_string(m_strings->tokens.size()) + " is no text with a score");
            m_strings->tokens.push_back(row[0].get<std::string>());
            m_v.scores.push_back(float(row[1].get<double>()));
        }
        m_v.types.assign(m_strings->tokens.size(), TokenType::normal);
        m_isPlaced.assign(m_strings->tokens.size(), true);
        const json& unknown = model.require("unk_id");
        if (!unknown.is_number_unsigned() || unknown.get<uint64_t>() >= m_strings->tokens.size())
            m_file.bad("model.unk_id is no piece");
        m_v.unknown = unknown.get<int32_t>();
        m_v.types[size_t(m_v.unknown)] = TokenType::unknown;
        if (model.boolean("byte_fallback", false))
            throw Unsupported("a unigram tokenizer that falls back to bytes", "this version knows those with an unknown token");
        if (!m_preTokenizer.isMetaspace && !m_normalizer.isMetaspace)
            throw Unsupported("a unigram tokenizer without Metaspace", "this version knows SentencePiece's");
        if (m_normalizer.form != UnicodeForm::none || m_normalizer.lowercases)
            throw Unsupported("this normalizer before a unigram model", "this version knows SentencePiece's charsmap");
        m_strings->charsmap = m_normalizer.charsmap;
        useMetaspace();
        m_v.removeExtraWhitespace = m_preTokenizer.splitsWhitespace || m_normalizer.joinsSpaces;
    }

    void readWordPiece(const Step& model)
    {
        m_v.kind = VocabularyKind::wordPiece;
        if (!m_preTokenizer.isBert)
            throw Unsupported("WordPiece without BertPreTokenizer", "this version knows BERT's");
        const std::string prefix = model.string("continuing_subword_prefix", "##");
        if (model.has("max_input_chars_per_word") && model.require("max_input_chars_per_word") != 100)
            throw Unsupported("WordPiece with another max_input_chars_per_word than 100", "no known model uses it");
        readVocabulary(model);
        readUnknown(model);
        // Our form: words begin with U+2581, what continues one begins with nothing.
        for (size_t id = 0; id < m_strings->tokens.size(); ++id) {
            std::string& token = m_strings->tokens[id];
            if (m_v.types[id] != TokenType::normal || token.empty())
                continue;
            if (token.starts_with(prefix) && token.size() > prefix.size())
                token.erase(0, prefix.size());
            else
                token.insert(0, kEscapedSpace);
        }
        m_v.lowercase = m_normalizer.lowercases;
        m_v.stripAccents = m_normalizer.stripsAccents.value_or(m_normalizer.lowercases);
        m_v.accentStripping = AccentStripping::asBert;
    }

    void useMetaspace()
    {
        m_v.addSpacePrefix = m_normalizer.prependsSpace || m_preTokenizer.prependsSpace;
        m_v.prefixesOnlyStart = m_preTokenizer.prependsOnlyFirst && !m_normalizer.prependsSpace;
        if (m_normalizer.form != UnicodeForm::none)
            m_v.normalization = m_normalizer.form;
    }

    void readAddedTokens()
    {
        const json* added = m_file.find("added_tokens");
        if (!added)
            return;
        if (!added->is_array())
            m_file.bad("added_tokens is no list");
        for (const json& item : *added) {
            const Step token(item, m_v.source, "an added token");
            const std::string content = token.string("content");
            const json& id = token.require("id");
            if (content.empty() || !id.is_number_unsigned())
                m_file.bad("an added token has no content or no id");
            const auto at = id.get<size_t>();
            if (at >= m_isPlaced.size() || !m_isPlaced[at])
                place(content, id, m_strings->tokens.size() + added->size());
            m_strings->tokens[at] = content;
            if (int64_t(at) != m_v.unknown)
                m_v.types[at] = token.boolean("special", false) ? TokenType::control : TokenType::userDefined;
            if (token.boolean("lstrip", false))
                m_v.stripsLeft.push_back(int32_t(at));
            if (token.boolean("rstrip", false))
                m_v.stripsRight.push_back(int32_t(at));
        }
        if (!m_v.scores.empty())
            m_v.scores.resize(m_strings->tokens.size(), 0.0f);
    }

    void readPostProcessor()
    {
        const Surroundings around = readPostProcessorStep(m_file.object("post_processor"));
        m_v.addBos = m_v.addEos = m_v.addSeparator = false; // what follows says all
        for (const auto& [name, ids] : {std::pair(&around.before, &m_v.idsBefore), {&around.after, &m_v.idsAfter}}) {
            for (const std::string& token : *name) {
                const int32_t id = idOf(token);
                if (id < 0)
                    m_file.bad("the post-processor's token \"" + token.substr(0, 60) + "\" is not in the vocabulary");
                ids->push_back(id);
            }
        }
    }

    void finish()
    {
        m_v.tokens.assign(m_strings->tokens.begin(), m_strings->tokens.end());
        m_v.merges.assign(m_strings->merges.begin(), m_strings->merges.end());
        m_v.charsmap = m_strings->charsmap;
        m_v.owner = m_strings;
    }

    Step m_file;
    std::shared_ptr<Strings> m_strings;
    Vocabulary m_v;
    std::vector<bool> m_isPlaced;
    NormalizerFlags m_normalizer;
    PreTokenizerFlags m_preTokenizer;
};

} // namespace

Vocabulary readTokenizerJson(const json& file, const std::string& path)
{
    return Reader(file, path).read();
}

} // namespace sy::tokenizer
