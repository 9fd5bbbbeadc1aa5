// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/dtype.h"
#include "engine/formats/charsmap.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sy::formats {

/// What the container of the starter embedder (magic "E5S1") holds: a BERT encoder with a SentencePiece unigram vocabulary.
/// Views point into the mapped file and live as long as this object. Everything has been checked against the file's size;
/// which tensors a BERT needs is checked by convertE5Container.
struct E5Container {
    struct Tensor {
        DType dtype; // F32 or Q4_0
        uint64_t nValues;
        std::span<const std::byte> bytes;
    };

    std::string source; // path, for messages
    int width, nLayers, nHeads, ffnWidth, nTokenRows, nPositions, nTokenTypes;
    float layerNormEpsilon;
    int bosId, eosId, padId, unknownId; // ids of XLM-R's numbering, ready to use
    std::vector<std::string_view> pieces;
    std::vector<float> scores;           // log-probabilities, one per piece
    std::vector<CharRule> normalization; // one code point each
    std::unordered_map<std::string_view, Tensor> tensors;
    std::shared_ptr<const void> owner;

    /// Throws StorageFailure when the file cannot be read, BadFile, or Unsupported for another version.
    static E5Container open(const std::filesystem::path& path);
    static E5Container parse(std::span<const std::byte> bytes, std::string name, std::shared_ptr<const void> owner = nullptr);
};

/// Writes the container as a GGUF file of architecture "bert" with a tokenizer of model "t5" (unigram), which this program and
/// llama.cpp read. The same container gives the same bytes. Tensor data is copied as it is.
///
/// progress gets the share done, 0 … 1. Throws what E5Container::open and GgufWriter throw, BadFile when a tensor is missing or
/// of another size than the header says, and Cancelled; on any throw nothing is left at `target`.
void convertE5Container(const std::filesystem::path& container, const std::filesystem::path& target, std::stop_token stop = {},
                        const std::function<void(double share)>& progress = {});
void convertE5Container(const E5Container& container, const std::filesystem::path& target, std::stop_token stop = {},
                        const std::function<void(double share)>& progress = {});

} // namespace sy::formats
