// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/conversation.h"
#include "engine/train/packed_batch.h"
#include "engine/train/personal_data.h"
#include "engine/train/run_config.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sy {
class Sha256;
}

namespace sy::train {

/// Texts that are held out together and, of preferences, left out together.
struct Example {
    std::vector<TrainingText> texts;
    uint64_t hash = 0; // of their tokens and masks
    bool isConversation = false;
};

/// What a row comes to.
struct RowTexts {
    DataFormat format = DataFormat::automatic; // that it was read as
    std::vector<Example> examples;
    PersonalData personal; // in its texts
};

struct RowRules {
    DataFormat format = DataFormat::automatic; // of the row, or csv: recognized
    Objective objective = Objective::sft;
    int64_t nVocabulary = 0;
    int64_t contextLength = 0; // tokens of a piece of plain text
};

/// Reads a row as readDataset() says. Any thread. Throws std::runtime_error with what is wrong with it, "is no object", and
/// Unsupported for what the model cannot take.
RowTexts encodeRow(const nlohmann::json& row, const TextEncoder& encoder, const RowRules& rules);

/// A text's length, tokens and mask.
void addTo(Sha256& hash, const TrainingText& text);

} // namespace sy::train
