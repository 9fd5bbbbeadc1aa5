// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/chat_template.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/train/packed_batch.h"
#include "engine/train/run_config.h"

#include <nlohmann/json.hpp>

#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::train {

/// What conversations are written with; both may be absent for data that is tokenized already.
struct TextEncoder {
    const tokenizer::Tokenizer* tokenizer = nullptr;
    const tokenizer::ChatTemplate* chatTemplate = nullptr;
};

/// A conversation as texts to learn from. Trained are the assistant's turns up to and including their end token; the borders
/// come from rendering the conversation up to each turn, never from a search. One text, or one for each turn of the
/// assistant where the template changes earlier turns (reasoning that is left out later). A message with "weight": 0 is not
/// trained.
///
/// messages  a list of {"role", "content"}
///
/// Throws Unsupported for a conversation that the template does not render, or whose answers do not begin as its generation
/// prompt says.
std::vector<TrainingText> encodeConversation(const TextEncoder& encoder, const nlohmann::ordered_json& messages);

struct DatasetReport {
    int64_t nRows = 0;
    int64_t nTexts = 0;  // used
    int64_t nTokens = 0; // of them
    int64_t nTrainedTokens = 0;
    int64_t longestTokens = 0;              // of all, also those left out
    int64_t nTooLong = 0;                   // longer than the context: left out
    int64_t nWithoutLabels = 0;             // left out
    int64_t nWithoutEnd = 0;                // replies without an end token: the model would not learn to stop
    std::map<std::string, int64_t> formats; // rows by the format they were read as
};

struct Dataset {
    std::vector<TrainingText> texts;
    DatasetReport report;
    std::string sha256; // of all texts' tokens and masks, in order
};

/// Reads all files: JSON lines (also with a byte order mark, CRLF or blank lines), or one JSON list.
///
///     tokens             {"ids": [...], "mask": [0 or 1, ...]}
///     messages           {"messages": [{"role", "content"}, ...]}
///     alpaca             {"instruction", "output", "input"?, "system"?}
///     prompt-completion  {"prompt", "completion"}
///
/// Throws BadFile with file and row for a row that is no JSON or lacks a key, and for a set in which nothing is trained;
/// Unsupported for conversations when the model has no template; StorageFailure; Cancelled.
Dataset readDataset(const std::vector<DataFile>& files, const TextEncoder& encoder, int64_t nVocabulary,
                    int64_t contextLength, std::stop_token stop = {});

} // namespace sy::train
