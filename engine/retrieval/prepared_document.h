// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/chunker.h"
#include "engine/retrieval/collection.h"
#include "engine/retrieval/ingest.h"

#include <string>
#include <vector>

namespace sy::retrieval {

/// A document on its way into the index: read and cut, not embedded yet.
struct PreparedDocument {
    DocumentRow row;                        // id, path … and the status it will get
    bool isUnchanged = false;               // the hash says that nothing has to be done
    std::vector<documents::Chunk> chunks;
    std::vector<std::string> embeddingTexts; // as the embedder gets them, without its prefix
    std::vector<std::vector<float>> vectors; // of each chunk; empty until known
};

/// The title and the headings, in full, as the lexical index sees them.
std::string lexicalHeader(const std::string& title, const std::vector<std::string>& headingPath);
std::string sectionName(const std::vector<std::string>& headingPath); // "Chapter › Section"

/// Hashes a pending file; unless that shows it unchanged, reads and cuts it. What goes wrong with the file becomes the row's
/// status and message. Throws Cancelled and StorageFailure (the reader cannot be started).
PreparedDocument prepareFile(DocumentRow row, bool isForced, const IngestSettings& settings, const ReadDocument& read, std::stop_token stop);

/// Cuts a record. row.title and row.sha256 are set.
PreparedDocument prepareRecord(DocumentRow row, const std::string& text, const IngestSettings& settings, std::stop_token stop);

/// About how many tokens an embedder would make of a text: for collections without one.
int estimatedTokens(std::string_view text);

} // namespace sy::retrieval
