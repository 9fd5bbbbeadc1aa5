// SPDX-License-Identifier: GPL-3.0-or-later
// A protocol buffer: fields one after another, each with a varint of (number << 3 | wire type) in front.
//
//   ModelProto        1 pieces (each a message)   2 trainer   3 normalizer
//   piece             1 text   2 score (float)    3 type: normal 1, unknown 2, control 3, user defined 4, unused 5, byte 6
//   trainer           3 kind: unigram 1, BPE 2, word 3, character 4   35 falls back to bytes   40 … 43 unknown, BOS, EOS, padding id
//   normalizer        2 charsmap   3 puts a space in front   4 joins spaces
#include "engine/tokenizer/sentence_piece_model.h"

#include "engine/core/error.h"

#include <bit>
#include <cstring>

namespace sy::tokenizer {

namespace {

constexpr size_t kMostPieces = 4 << 20;

/// A field: its number, and the value of its wire type.
struct Field {
    uint32_t number = 0;
    uint64_t integer = 0;     // varint, or the bits of a fixed one
    std::string_view message; // of a field with a length
    bool hasMessage = false;
};

class Message {
public:
    Message(std::string_view bytes, const std::string& path) : m_rest(bytes), m_path(path) {}

    /// False at the end.
    bool next(Field& field)
    {
        if (m_rest.empty())
            return false;
        const uint64_t tag = varint();
        field = {};
        if (tag >> 3 == 0 || tag >> 3 > INT32_MAX)
            bad("a field has the number " + std::to_string(tag >> 3));
        field.number = uint32_t(tag >> 3);
        switch (tag & 7) {
        case 0: field.integer = varint(); break;
        case 1: field.integer = fixed(8); break;
        case 2: {
            const uint64_t n = varint();
            if (n > m_rest.size())
                bad("a field of " + std::to_string(n) + " bytes has " + std::to_string(m_rest.size()));
            field.message = m_rest.substr(0, size_t(n));
            field.hasMessage = true;
            m_rest.remove_prefix(size_t(n));
            break;
        }
        case 5: field.integer = fixed(4); break;
        default: bad("a field has the wire type " + std::to_string(tag & 7));
        }
        return true;
    }

    [[noreturn]] void bad(const std::string& what) const { throw BadFile(m_path, what); }

private:
    uint64_t varint()
    {
        uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (m_rest.empty())
                bad("a number is cut short");
            const auto byte = static_cast<unsigned char>(m_rest.front());
            m_rest.remove_prefix(1);
            value |= uint64_t(byte & 0x7F) << shift;
            if (byte < 0x80)
                return value;
        }
        bad("a number has more than 64 bits");
    }

    uint64_t fixed(size_t n)
    {
        if (m_rest.size() < n)
            bad("a number is cut short");
        uint64_t value = 0;
        for (size_t i = 0; i < n; ++i)
            value |= uint64_t(static_cast<unsigned char>(m_rest[i])) << 8 * i;
        m_rest.remove_prefix(n);
        return value;
    }

    std::string_view m_rest;
    const std::string& m_path;
};

enum class Kind : uint64_t { unigram = 1, bytePair = 2, word = 3, character = 4 };

struct Trainer {
    Kind kind = Kind::unigram;
    bool fallsBackToBytes = false;
    int64_t unknown = 0, bos = 1, eos = 2, padding = -1;
};

struct Normalizer {
    std::string_view charsmap;
    bool addsSpacePrefix = true;
    bool joinsSpaces = true;
};

void readPiece(std::string_view bytes, Vocabulary& v)
{
    Message message(bytes, v.source);
    std::string_view text;
    float score = 0;
    uint64_t type = uint64_t(TokenType::normal);
    for (Field field; message.next(field);) {
        if (field.number == 1 && field.hasMessage)
            text = field.message;
        else if (field.number == 2)
            score = std::bit_cast<float>(uint32_t(field.integer));
        else if (field.number == 3)
            type = field.integer;
    }
    if (type < uint64_t(TokenType::normal) || type > uint64_t(TokenType::byte))
        message.bad("piece " + std::to_string(v.tokens.size()) + " is of type " + std::to_string(type));
    if (v.tokens.size() == kMostPieces)
        message.bad("it has more than " + std::to_string(kMostPieces) + " pieces");
    v.tokens.push_back(text);
    v.scores.push_back(score);
    v.types.push_back(TokenType(type));
}

Trainer readTrainer(std::string_view bytes, const std::string& path)
{
    Trainer trainer;
    Message message(bytes, path);
    for (Field field; message.next(field);) {
        switch (field.number) {
        case 3: trainer.kind = Kind(field.integer); break;
        case 35: trainer.fallsBackToBytes = field.integer != 0; break;
        case 40: trainer.unknown = int64_t(field.integer); break;
        case 41: trainer.bos = int64_t(field.integer); break;
        case 42: trainer.eos = int64_t(field.integer); break;
        case 43: trainer.padding = int64_t(field.integer); break;
        default: break;
        }
    }
    return trainer;
}

Normalizer readNormalizer(std::string_view bytes, const std::string& path)
{
    Normalizer normalizer;
    Message message(bytes, path);
    for (Field field; message.next(field);) {
        if (field.number == 2 && field.hasMessage)
            normalizer.charsmap = field.message;
        else if (field.number == 3)
            normalizer.addsSpacePrefix = field.integer != 0;
        else if (field.number == 4)
            normalizer.joinsSpaces = field.integer != 0;
    }
    return normalizer;
}

// Models without such a token say -1.
int32_t idIn(const Vocabulary& v, int64_t id)
{
    return id >= 0 && id < int64_t(v.tokens.size()) ? int32_t(id) : -1;
}

} // namespace

Vocabulary readSentencePieceModel(std::string_view bytes, const std::string& path)
{
    const auto kept = std::make_shared<const std::string>(bytes);
    Vocabulary v;
    v.owner = kept;
    v.source = path;
    v.pre = "default";
    Trainer trainer;
    Normalizer normalizer;
    Message message(*kept, v.source);
    if (kept->starts_with("IQ== 0\n")) // "!" in base 64 is the first row of every such file
        throw Unsupported("a tokenizer.model in tiktoken's form", "tokenizer.json says the same");
    for (Field field; message.next(field);) {
        if (!field.hasMessage)
            continue;
        if (field.number == 1)
            readPiece(field.message, v);
        else if (field.number == 2)
            trainer = readTrainer(field.message, v.source);
        else if (field.number == 3)
            normalizer = readNormalizer(field.message, v.source);
    }
    if (v.tokens.empty())
        message.bad("it has no pieces");

    switch (trainer.kind) {
    case Kind::unigram:
        v.kind = VocabularyKind::unigram;
        if (trainer.fallsBackToBytes)
            throw Unsupported("a unigram tokenizer that falls back to bytes", "this version knows those with an unknown token");
        v.charsmap = normalizer.charsmap;
        v.removeExtraWhitespace = normalizer.joinsSpaces;
        break;
    case Kind::bytePair:
        v.kind = VocabularyKind::sentencePieceBpe;
        if (!normalizer.charsmap.empty() || normalizer.joinsSpaces)
            throw Unsupported("a byte-pair tokenizer.model that normalizes text", "this version knows those that take it as it is");
        break;
    case Kind::word: throw Unsupported("a tokenizer.model of whole words", "this version knows unigram and BPE");
    case Kind::character: throw Unsupported("a tokenizer.model of characters", "this version knows unigram and BPE");
    default: message.bad("its kind is " + std::to_string(uint64_t(trainer.kind)));
    }
    v.unknown = idIn(v, trainer.unknown);
    v.bos = idIn(v, trainer.bos);
    v.eos = idIn(v, trainer.eos);
    v.padding = idIn(v, trainer.padding);
    v.addSpacePrefix = normalizer.addsSpacePrefix;
    v.addBos = v.addEos = v.addSeparator = false;
    return v;
}

} // namespace sy::tokenizer
