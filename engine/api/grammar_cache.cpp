// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/grammar_cache.h"

#include "engine/api/models.h"
#include "engine/core/error.h"
#include "engine/generate/schema_compiler.h"

#include <algorithm>

namespace sy::api {

std::shared_ptr<const generate::TokenGrammar> GrammarCache::find(const std::string& schema,
                                                                 const tokenizer::Tokenizer& tokenizer)
{
    const std::lock_guard lock(m_mutex);
    const auto known =
        std::find_if(m_grammars.begin(), m_grammars.end(), [&](const auto& entry) { return entry.first == schema; });
    if (known != m_grammars.end()) {
        m_grammars.splice(m_grammars.begin(), m_grammars, known);
        return known->second;
    }
    generate::Grammar grammar = generate::compileSchema(schema);
    if (!m_vocabulary)
        m_vocabulary = std::make_shared<const generate::VocabularyTrie>(tokenizer.size(), [&](int32_t id) {
            return tokenizer.isControl(id) || tokenizer.isEndOfGeneration(id) ? std::string_view()
                                                                              : tokenizer.tokenBytes(id);
        });
    m_grammars.emplace_front(schema, std::make_shared<const generate::TokenGrammar>(std::move(grammar), m_vocabulary,
                                                                                    tokenizer.endOfGenerationIds()));
    if (m_grammars.size() > kMost)
        m_grammars.pop_back();
    return m_grammars.front().second;
}

void checkSchema(const std::string& schema, const std::string& source)
{
    try {
        generate::compileSchema(schema);
    } catch (const BadFile& error) {
        throw BadFile(source, error.problem);
    }
}

} // namespace sy::api
