// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/tokenizer.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/tokenizer/byte_level.h"
#include "engine/tokenizer/byte_pair_encoder.h"
#include "engine/tokenizer/known_tokens.h"
#include "engine/tokenizer/piece_table.h"
#include "engine/tokenizer/piece_text.h"
#include "engine/tokenizer/sentence_piece_encoder.h"
#include "engine/tokenizer/special_tokens.h"
#include "engine/tokenizer/unicode_form.h"
#include "engine/tokenizer/unigram_encoder.h"
#include "engine/tokenizer/word_piece_encoder.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>

namespace sy::tokenizer {

namespace {

bool isAsciiSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// User-defined tokens that say who speaks: gpt-oss's <|start|> (rendered as text, so no control token), DeepSeek's <｜User｜>.
bool looksLikeMarker(std::string_view token)
{
    if (!token.starts_with('<') || !token.ends_with('>'))
        return false;
    return token.starts_with("<|") || token.ends_with("|>") || token.starts_with("<｜") || token.ends_with("｜>") ||
           token == "<start_of_turn>";
}

// What a token adds to the text.
void appendOutput(std::string& out, std::string_view token, TokenType type, VocabularyKind kind)
{
    if (type == TokenType::control || type == TokenType::unknown) {
        out += token;
    } else if (kind == VocabularyKind::bytePair) {
        if (type == TokenType::userDefined || !appendByteLevel(out, token))
            out += token;
    } else if (const int byte = type == TokenType::byte ? byteOfName(token) : -1; byte >= 0) {
        out += char(byte);
    } else {
        appendWithSpaces(out, token);
    }
}

void checkConsistency(Vocabulary& v, std::vector<std::string>& warnings)
{
    if (v.tokens.size() > size_t(std::numeric_limits<int32_t>::max()))
        throw BadFile(v.source, "the vocabulary has more than 2^31 tokens");
    const auto checkSize = [&](const char* what, size_t n, bool isRequired) {
        if (n != v.tokens.size() && (n != 0 || isRequired))
            throw BadFile(v.source, "the vocabulary has " + std::to_string(v.tokens.size()) + " tokens but " + std::to_string(n) + " " +
                                        what);
    };
    checkSize("token types", v.types.size(), false);
    checkSize("scores", v.scores.size(), v.kind == VocabularyKind::sentencePieceBpe || v.kind == VocabularyKind::unigram);
    for (const float score : v.scores)
        if (!(score >= -std::numeric_limits<float>::max() && score <= std::numeric_limits<float>::max()))
            throw BadFile(v.source, "a score of the vocabulary is not a finite number");
    for (int32_t* id : {&v.bos, &v.eos, &v.eot, &v.eom, &v.unknown, &v.separator, &v.padding, &v.mask, &v.fimPrefix, &v.fimSuffix,
                        &v.fimMiddle, &v.fimPad, &v.fimRepository, &v.fimSeparator}) {
        if (*id >= int64_t(v.tokens.size()))
            warnings.push_back("special token " + std::to_string(*id) + " is outside the vocabulary; it is ignored");
        if (*id < 0 || *id >= int64_t(v.tokens.size()))
            *id = -1;
    }
    for (const std::vector<int32_t>* ids : {&v.idsBefore, &v.idsAfter})
        for (const int32_t id : *ids)
            if (id < 0 || id >= int64_t(v.tokens.size()))
                throw BadFile(v.source, "token " + std::to_string(id) + ", which stands around a text, is outside the vocabulary");
    std::erase_if(v.endIds, [&](int32_t id) { return id < 0 || id >= int64_t(v.tokens.size()); });
    if (v.types.empty())
        v.types.assign(v.tokens.size(), TokenType::normal);
}

const PreTokenizerRow& preTokenizerFor(const Vocabulary& v, std::vector<std::string>& warnings)
{
    if (const PreTokenizerRow* row = findPreTokenizer(v.pre)) {
        if (v.pre == "default")
            warnings.push_back("the file names the pre-tokenizer \"default\", which is rarely what the model was trained with");
        return *row;
    }
    warnings.push_back(v.pre.empty() ? "the file names no pre-tokenizer; \"default\" is assumed, and answers may be subtly worse"
                                     : "unknown pre-tokenizer \"" + v.pre + "\"; \"default\" is assumed, and answers may be subtly worse");
    return defaultPreTokenizer();
}

} // namespace

struct Tokenizer::State {
    VocabularyKind kind;
    PieceList pieces; // bytes that each token adds to the text
    std::vector<TokenType> types;
    std::unique_ptr<const TextEncoder> encoder;
    std::optional<SpecialTokens> special;
    KnownTokens known;
    std::vector<bool> endsGeneration;
    std::vector<std::string> warnings;
    int32_t bos, eos, unknown, separator, padding, mask;
    std::vector<int32_t> before, after; // what addSpecial puts around a text
    bool addsSpacePrefix = false;
    bool prefixesOnlyStart = false;
    UnicodeForm normalization = UnicodeForm::none;

    explicit State(Vocabulary v)
    {
        checkConsistency(v, warnings);
        kind = v.kind;
        prefixesOnlyStart = v.prefixesOnlyStart;
        normalization = v.normalization;
        buildPieces(v);
        buildEncoder(v);
        types = std::move(v.types);
        buildSpecial(v);
        bos = v.bos;
        eos = v.eos;
        unknown = v.unknown;
        separator = v.separator;
        padding = v.padding;
        mask = v.mask;
    }

    void buildPieces(const Vocabulary& v)
    {
        size_t nBytes = 0;
        for (const std::string_view token : v.tokens)
            nBytes += token.size();
        if (nBytes > std::numeric_limits<uint32_t>::max() / 2)
            throw BadFile(v.source, "the vocabulary is larger than 2 GiB");
        pieces.reserve(v.tokens.size(), nBytes);
        std::string piece;
        for (size_t id = 0; id < v.tokens.size(); ++id) {
            piece.clear();
            appendOutput(piece, v.tokens[id], v.types[id], v.kind);
            pieces.add(piece);
        }
    }

    void buildEncoder(Vocabulary& v)
    {
        std::vector<bool> isOrdinary;
        bool addsBos = false, addsEos = false;
        switch (v.kind) {
        case VocabularyKind::bytePair: {
            const std::vector<std::string_view> own(v.expressions.begin(), v.expressions.end());
            const PreTokenizerRow row = own.empty() ? preTokenizerFor(v, warnings) : PreTokenizerRow{"", own, v.usesWholeWords};
            const auto isPlain = [&](int32_t id) { return v.types[id] != TokenType::control && v.types[id] != TokenType::unknown; };
            auto bytePair = std::make_unique<BytePairEncoder>(v, row, pieces, isPlain);
            known = findKnownTokens(v, v.types, [&](int32_t id) { return bytePair->isMergeResult(id); }, warnings);
            encoder = std::move(bytePair);
            addsBos = row.addsBos;
            break;
        }
        case VocabularyKind::sentencePieceBpe:
            encoder = std::make_unique<SentencePieceEncoder>(v);
            addsBos = true;
            addsSpacePrefix = v.addSpacePrefix.value_or(true);
            break;
        case VocabularyKind::unigram:
            encoder = std::make_unique<UnigramEncoder>(v);
            addsEos = true;
            addsSpacePrefix = v.addSpacePrefix.value_or(true);
            break;
        case VocabularyKind::wordPiece:
            encoder = std::make_unique<WordPieceEncoder>(v);
            addsBos = true;
            addsSpacePrefix = true; // every word begins with one
            break;
        }
        if (v.kind != VocabularyKind::bytePair)
            known = findKnownTokens(v, v.types, [](int32_t) { return false; }, warnings);
        before = v.idsBefore;
        after = v.idsAfter;
        if (v.addBos.value_or(addsBos) && v.bos >= 0)
            before.insert(before.begin(), v.bos);
        const bool endsWithSeparator = v.kind == VocabularyKind::wordPiece && v.addSeparator.value_or(true);
        const int32_t last = endsWithSeparator ? (v.separator >= 0 ? v.separator : v.eos) : v.addEos.value_or(addsEos) ? v.eos : -1;
        if (last >= 0)
            after.push_back(last);
    }

    void buildSpecial(const Vocabulary& v)
    {
        std::vector<SpecialTokens::Token> tokens;
        for (int32_t id = 0; id < int32_t(v.tokens.size()); ++id) {
            const TokenType type = types[id];
            const auto isIn = [id](const std::vector<int32_t>& ids) { return std::find(ids.begin(), ids.end(), id) != ids.end(); };
            if (v.tokens[id].empty() || (type != TokenType::control && type != TokenType::userDefined &&
                                         type != TokenType::unknown && !isIn(known.lookAlikes)))
                continue;
            const bool isUserDefined = type == TokenType::userDefined;
            tokens.push_back({std::string(v.tokens[id]), id, isUserDefined, !isUserDefined || looksLikeMarker(v.tokens[id]),
                              isIn(v.stripsLeft), isIn(v.stripsRight)});
        }
        special.emplace(std::move(tokens));
        endsGeneration.resize(v.tokens.size());
        for (const int32_t id : known.endOfGeneration)
            endsGeneration[id] = true;
    }

    void check(int32_t id) const
    {
        if (id < 0 || size_t(id) >= types.size())
            throw std::invalid_argument("token " + std::to_string(id) + " is outside the vocabulary of " +
                                        std::to_string(types.size()));
    }
    bool isControl(int32_t id) const { return types[id] == TokenType::control || types[id] == TokenType::unknown; }
};

Tokenizer::Tokenizer(Vocabulary vocabulary) : m_state(std::make_unique<const State>(std::move(vocabulary))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::vector<int32_t> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const
{
    std::vector<int32_t> ids;
    ids.reserve(text.size() / 3 + 4);
    encode(text, options, ids);
    return ids;
}

void Tokenizer::encode(std::string_view text, const EncodeOptions& options, std::vector<int32_t>& ids) const
{
    encode(text, options, {}, ids);
}

size_t Tokenizer::findControlToken(std::string_view text, size_t from) const
{
    return m_state->special->findMarker(text, from);
}

void Tokenizer::encode(std::string_view text, const EncodeOptions& options, std::span<const size_t> literalAt,
                       std::vector<int32_t>& ids) const
{
    const State& s = *m_state;
    const size_t nBefore = ids.size();
    if (options.addSpecial)
        ids.insert(ids.end(), s.before.begin(), s.before.end());
    bool isAfterSpecial = true;
    for (size_t from = 0;;) {
        const SpecialTokens::Match match = s.special->findNext(text, from, options.parseSpecial, literalAt);
        size_t end = match.begin;
        if (match.token && match.token->stripsLeft)
            while (end > from && isAsciiSpace(text[end - 1]))
                --end;
        if (end > from) {
            const std::string_view plain = text.substr(from, end - from);
            const bool takesPrefix = isAfterSpecial && !(s.prefixesOnlyStart && from > 0);
            if (s.normalization == UnicodeForm::none)
                s.encoder->encode(plain, takesPrefix, ids);
            else
                s.encoder->encode(normalized(plain, s.normalization), takesPrefix, ids);
            isAfterSpecial = false;
        }
        if (!match.token)
            break;
        ids.push_back(match.token->id);
        isAfterSpecial = true;
        from = match.end;
        if (match.token->stripsRight)
            while (from < text.size() && isAsciiSpace(text[from]))
                ++from;
    }
    const size_t nAfter = options.addSpecial ? std::min(s.after.size(), options.maxTokens > 0 ? options.maxTokens : s.after.size()) : 0;
    if (options.maxTokens > 0 && ids.size() - nBefore + nAfter > options.maxTokens)
        ids.resize(nBefore + options.maxTokens - nAfter);
    ids.insert(ids.end(), s.after.end() - ptrdiff_t(nAfter), s.after.end());
}

std::string Tokenizer::decode(std::span<const int32_t> ids, const DecodeOptions& options) const
{
    const State& s = *m_state;
    std::string text;
    bool isStart = s.addsSpacePrefix;
    for (const int32_t id : ids) {
        s.check(id);
        const bool isControl = s.isControl(id);
        if (isControl && !options.renderSpecial)
            continue;
        std::string_view piece = s.pieces[id];
        if (!isControl && isStart) {
            isStart = false;
            if (piece.starts_with(' '))
                piece.remove_prefix(1);
        }
        text += piece;
    }
    return text;
}

std::string_view Tokenizer::tokenBytes(int32_t id) const
{
    m_state->check(id);
    return m_state->pieces[id];
}

int32_t Tokenizer::find(std::string_view text) const
{
    if (const SpecialTokens::Token* token = m_state->special->find(text))
        return token->id;
    for (int32_t id = 0; id < size(); ++id)
        if (m_state->pieces[id] == text)
            return id;
    return -1;
}

bool Tokenizer::isControl(int32_t id) const
{
    m_state->check(id);
    return m_state->isControl(id);
}

bool Tokenizer::isEndOfGeneration(int32_t id) const
{
    return id >= 0 && id < size() && m_state->endsGeneration[id];
}

const std::vector<int32_t>& Tokenizer::endOfGenerationIds() const
{
    return m_state->known.endOfGeneration;
}

VocabularyKind Tokenizer::kind() const
{
    return m_state->kind;
}

int32_t Tokenizer::size() const
{
    return int32_t(m_state->types.size());
}

int32_t Tokenizer::bos() const
{
    return m_state->bos;
}

int32_t Tokenizer::eos() const
{
    return m_state->eos;
}

int32_t Tokenizer::eot() const
{
    return m_state->known.eot;
}

int32_t Tokenizer::unknown() const
{
    return m_state->unknown;
}

int32_t Tokenizer::separator() const
{
    return m_state->separator;
}

int32_t Tokenizer::padding() const
{
    return m_state->padding;
}

int32_t Tokenizer::mask() const
{
    return m_state->mask;
}

bool Tokenizer::addsBos() const
{
    return !m_state->before.empty();
}

bool Tokenizer::addsEos() const
{
    return !m_state->after.empty();
}

bool Tokenizer::addsSpacePrefix() const
{
    return m_state->addsSpacePrefix;
}

Tokenizer::FillInTheMiddle Tokenizer::fillInTheMiddle() const
{
    return {m_state->known.fimPrefix, m_state->known.fimSuffix, m_state->known.fimMiddle};
}

const std::vector<std::string>& Tokenizer::warnings() const
{
    return m_state->warnings;
}

std::string StreamDecoder::push(int32_t id)
{
    if (m_tokenizer->isControl(id) && !m_options.renderSpecial)
        return {};
    m_held += m_tokenizer->tokenBytes(id);
    const size_t nComplete = m_held.size() - incompleteUtf8Tail(m_held);
    std::string out = sanitizedUtf8(std::string_view(m_held).substr(0, nComplete));
    m_held.erase(0, nComplete);
    return out;
}

std::string StreamDecoder::finish()
{
    const std::string rest = sanitizedUtf8(m_held);
    m_held.clear();
    return rest;
}

} // namespace sy::tokenizer
