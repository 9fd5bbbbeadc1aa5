// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sy::api {

/// The tokenizer of a model file without the model: no weights are needed, vocabulary-only files will do.
class Vocabulary {
public:
    /// Throws StorageFailure, BadFile, or Unsupported for a kind of tokenizer this build has no code for.
    static Vocabulary open(const std::filesystem::path& path);

    /// isSpecial: parse special tokens in the text and add BOS and EOS as the model asks.
    std::vector<int32_t> tokenize(const std::string& text, bool isSpecial) const;

    /// Both throw std::invalid_argument for an id outside the vocabulary. Bytes, not necessarily valid UTF-8.
    std::string tokenText(int32_t id) const;
    std::string detokenize(std::span<const int32_t> ids) const;

private:
    struct State;
    explicit Vocabulary(std::shared_ptr<const State> state) : m_state(std::move(state)) {}
    std::shared_ptr<const State> m_state;
};

} // namespace sy::api
