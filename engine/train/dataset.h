// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/conversation.h"
#include "engine/train/packed_batch.h"
#include "engine/train/personal_data.h"
#include "engine/train/run_config.h"
#include "engine/train/text_store.h"

#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::train {

struct DatasetOptions {
    int64_t nVocabulary = 0;
    int64_t contextLength = 0;    // tokens; longer texts are left out
    double heldOutFraction = 0;   // of the rows
    std::string heldOutPath = {}; // a file whose rows are held out instead; empty: none
    Objective objective = Objective::sft;
    std::filesystem::path spoolFolder = {}; // where the tokens are kept while the data set lives; empty: in memory
    int nThreads = 1;                       // to encode with
    std::function<void(uint64_t done, uint64_t total)> onRead = {}; // bytes of the files, a quarter of a megabyte at a time
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
    PersonalData personal;                  // in the rows' texts
    std::map<std::string, int64_t> formats; // rows by the format they were read as
};

inline constexpr int64_t kPreviewRows = 50;
inline constexpr size_t kMostDropped = 100;

struct Dataset {
    TextStore texts;             // of preferences: pairs, a prompt with the chosen and then with the rejected answer
    int64_t textsPerExample = 1; // 2 for preferences
    TextStore heldOut;           // not trained: losses are measured on them
    DatasetReport report;
    std::string sha256;               // of all texts' tokens and masks, in order
    std::vector<TextOutcome> preview; // of the first kPreviewRows rows
    std::vector<TextOutcome> dropped; // the first kMostDropped texts that were left out
};

/// Reads all files (training_rows.h) in the formats of row_format.h, or
///
///     tokens  {"ids": [...], "mask": [0 or 1, ...]}
///
/// Of conversations the assistant's turns are trained, with the objective pretrain every token. Plain text is trained
/// throughout; it ends with the model's end token and is cut into pieces of the context's length, each beginning with the
/// token that the one before ended with, so that every token but the first is learned once. Preferences take two answers to
/// one prompt; only these count.
///
/// A row is held out or not by a hash of its tokens: it stays on its side when rows are added, moved or repeated, and equal
/// rows are on the same one. From fewer rows than 1 / heldOutFraction none is held out.
///
/// Any number of rows takes the same memory: what is known of each lies in files.
///
/// Throws BadFile with file and row for a row that is no JSON, lacks a key or is nothing for the objective, and for a set in
/// which nothing is trained;
/// Unsupported for conversations when the model has no template; StorageFailure; Cancelled.
Dataset readDataset(const std::vector<DataFile>& files, const TextEncoder& encoder, const DatasetOptions& options,
                    std::stop_token stop = {});

} // namespace sy::train
