// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/word_piece_list.h"

#include "engine/core/error.h"
#include "engine/tokenizer/piece_text.h"

namespace sy::tokenizer {

namespace {

constexpr size_t kMostTokens = 4 << 20;

struct Strings {
    std::vector<std::string> tokens;
};

} // namespace

Vocabulary readWordPieceList(std::string_view text, const std::string& path)
{
    const auto strings = std::make_shared<Strings>();
    Vocabulary v;
    v.kind = VocabularyKind::wordPiece;
    v.source = path;
    const std::pair<std::string_view, int32_t*> special[] = {{"[UNK]", &v.unknown}, {"[CLS]", &v.bos},  {"[SEP]", &v.separator},
                                                             {"[PAD]", &v.padding}, {"[MASK]", &v.mask}};
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.find('\0') != std::string_view::npos || strings->tokens.size() == kMostTokens)
            throw BadFile(path, "it is no list of tokens");
        const auto id = int32_t(strings->tokens.size());
        TokenType type = TokenType::normal;
        for (const auto& [name, slot] : special) {
            if (line == name && *slot < 0) {
                *slot = id;
                type = name == "[UNK]" ? TokenType::unknown : TokenType::control;
            }
        }
        // Our form: words begin with U+2581, what continues one begins with nothing.
        if (type != TokenType::normal || line.empty())
            strings->tokens.emplace_back(line);
        else if (line.starts_with("##") && line.size() > 2)
            strings->tokens.emplace_back(line.substr(2));
        else
            strings->tokens.push_back(std::string(kEscapedSpace) + std::string(line));
        v.types.push_back(line.empty() ? TokenType::unused : type);
    }
    if (v.unknown < 0)
        throw BadFile(path, "it has no token [UNK]");
    v.tokens.assign(strings->tokens.begin(), strings->tokens.end());
    v.owner = strings;
    v.addBos = v.addEos = v.addSeparator = false;
    if (v.bos >= 0)
        v.idsBefore = {v.bos};
    if (v.separator >= 0)
        v.idsAfter = {v.separator};
    v.lowercase = v.stripAccents = true;
    return v;
}

} // namespace sy::tokenizer
