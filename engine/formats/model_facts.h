// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sy::formats {

class ModelFile;

/// What a model file says about itself, for people: read from the header alone, whatever the architecture.
struct ModelFacts {
    std::string architecture;                                   // general.architecture, e.g. "qwen2"
    std::string name;                                           // general.name, or the file's name without its ending
    std::string license;                                        // general.license, empty when not said
    int64_t parameters;                                         // elements of all tensors
    int64_t activeParameters;                                   // used for one token: nExpertsUsed of nExperts of each expert tensor
    uint64_t fileBytes;                                         // of all parts
    std::vector<std::pair<std::string, uint64_t>> quantization; // type and bytes of its tensors, most bytes first
    int64_t contextLength;                                      // 0 when not said, like the following
    int64_t nLayers;                                            // blocks, including any for multi-token prediction
    int64_t nExperts;
    int64_t nExpertsUsed;
    int64_t vocabulary; // tokens
    bool isEmbeddingModel; // says how to pool, so it gives vectors and not text
};

/// Throws BadFile when the file has no architecture or a key of the wrong type.
ModelFacts modelFacts(const ModelFile& file);

} // namespace sy::formats
