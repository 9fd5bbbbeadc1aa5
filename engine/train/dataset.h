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

struct DatasetOptions {
    int64_t nVocabulary = 0;
    int64_t contextLength = 0;    // tokens; longer texts are left out
    double heldOutFraction = 0;   // of the rows
    std::string heldOutPath = {}; // a file whose rows are held out instead; empty: none
};

/// What became of a text of a row.
struct TextOutcome {
    enum class Kind : uint8_t { used, heldOut, tooLong, nothingTrained } kind = Kind::used;
    std::string path;
    int64_t row = 0; // from 1
    int64_t nTokens = 0;
    TrainingText text; // in Dataset::preview alone
};

struct DatasetReport {
    int64_t nRows = 0;
    int64_t nTexts = 0;  // trained
    int64_t nTokens = 0; // of them
    int64_t nTrainedTokens = 0;
    int64_t nHeldOut = 0;                   // texts
    int64_t longestTokens = 0;              // of all, also those left out
    int64_t nTooLong = 0;                   // longer than the context: left out
    int64_t nWithoutLabels = 0;             // left out
    int64_t nWithoutEnd = 0;                // replies without an end token: the model would not learn to stop
    int64_t nDuplicates = 0;                // rows that equal an earlier one as tokens; used all the same
    std::map<std::string, int64_t> formats; // rows by the format they were read as
};

inline constexpr int64_t kPreviewRows = 50;
inline constexpr size_t kMostDropped = 100;

struct Dataset {
    std::vector<TrainingText> texts;
    std::vector<TrainingText> heldOut; // not trained: losses are measured on them
    DatasetReport report;
    std::string sha256;               // of all texts' tokens and masks, in order
    std::vector<TextOutcome> preview; // of the first kPreviewRows rows
    std::vector<TextOutcome> dropped; // the first kMostDropped texts that were left out
};

/// Reads all files: JSON lines (also with a byte order mark, CRLF or blank lines), or one JSON list.
///
///     tokens             {"ids": [...], "mask": [0 or 1, ...]}
///     messages           {"messages": [{"role", "content"}, ...]}
///     alpaca             {"instruction", "output", "input"?, "system"?}
///     prompt-completion  {"prompt", "completion"}
///
/// A row is held out or not by a hash of its tokens: it stays on its side when rows are added, moved or repeated, and equal
/// rows are on the same one. From fewer rows than 1 / heldOutFraction none is held out.
///
/// Throws BadFile with file and row for a row that is no JSON or lacks a key, and for a set in which nothing is trained;
/// Unsupported for conversations when the model has no template; StorageFailure; Cancelled.
Dataset readDataset(const std::vector<DataFile>& files, const TextEncoder& encoder, const DatasetOptions& options,
                    std::stop_token stop = {});

} // namespace sy::train
