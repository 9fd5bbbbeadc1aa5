// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/text_store.h"

#include <span>
#include <stdexcept>

namespace sy::train {

namespace {

constexpr int32_t kTrained = INT32_MIN;

} // namespace

TextStore::TextStore(const std::filesystem::path& folder) : m_texts(std::make_shared<SpoolFile>(folder)), m_index(folder) {}

void TextStore::add(const TrainingText& text)
{
    std::vector<int32_t> marked = text.tokens;
    if (text.isTrained.size() != marked.size())
        throw std::invalid_argument("TextStore::add: a mask of another length");
    for (size_t i = 0; i < marked.size(); ++i) {
        if (marked[i] < 0)
            throw std::invalid_argument("TextStore::add: a negative token");
        if (text.isTrained[i])
            marked[i] |= kTrained;
    }
    const uint64_t offset = m_texts->size();
    m_texts->add(std::as_bytes(std::span(marked)));
    addEntry({offset, uint32_t(marked.size()), uint32_t(text.nLabels())});
}

void TextStore::addFrom(const TextStore& other, size_t i)
{
    m_texts = other.m_texts;
    addEntry(other.m_index[i]);
}

void TextStore::addEntry(const Entry& entry)
{
    m_index.add(entry);
    m_nTokens += entry.nTokens;
}

TextStore::Length TextStore::length(size_t i) const
{
    const Entry& e = m_index[i];
    return {e.nTokens, e.nLabels};
}

TrainingText TextStore::operator[](size_t i) const
{
    const Entry& e = m_index[i];
    TrainingText text;
    text.tokens.resize(e.nTokens);
    m_texts->read(e.offset, std::as_writable_bytes(std::span(text.tokens)));
    text.isTrained.resize(e.nTokens);
    for (size_t t = 0; t < text.tokens.size(); ++t) {
        text.isTrained[t] = text.tokens[t] < 0;
        text.tokens[t] &= ~kTrained;
    }
    return text;
}

} // namespace sy::train
