// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/token_grammar.h"
#include "engine/tokenizer/tokenizer.h"

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace sy::api {

/// The grammars of the schemas that were last asked for, with what has been computed for them, over one vocabulary.
/// Thread-safe.
class GrammarCache {
public:
    /// Throws as generate::compileSchema does. The tokenizer is the same in every call.
    std::shared_ptr<const generate::TokenGrammar> find(const std::string& schema, const tokenizer::Tokenizer& tokenizer);

private:
    static constexpr size_t kMost = 8; // each keeps some 100 masks of 20 KB

    std::mutex m_mutex; // guards the rest
    std::shared_ptr<const generate::VocabularyTrie> m_vocabulary;
    std::list<std::pair<std::string, std::shared_ptr<const generate::TokenGrammar>>> m_grammars; // last used first
};

} // namespace sy::api
