// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"
#include "engine/retrieval/collection.h"
#include "engine/retrieval/embedder.h"

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <stop_token>
#include <string>

namespace sy::retrieval {

/// Reads a file into pages of text: documents::Extractor in the program, anything in a test. Called on one thread of the
/// ingestion's own.
using ReadDocument = std::function<documents::Document(const std::string& path, const std::string& password, std::stop_token stop)>;

struct IngestSettings {
    bool isRecursive = true;
    bool areRecords = false; // the paths are files of one JSON object {id, title, text} a line; each line is a document
    bool isForced = false;   // index again although nothing has changed
    std::map<std::string, std::string> passwords; // path to password; kept in memory only
    Embedder* embedder = nullptr;                 // null: lexical only
};

struct IngestProgress {
    std::string currentFile;
    int64_t nDone = 0, nTotal = 0, nFailed = 0; // documents
    int64_t nChunksDone = 0;
    double chunksPerSecond = 0;
    double secondsLeft = -1; // -1: not known yet
};

struct IngestReport {
    int64_t nDocuments = 0; // that are in the index now, of those asked for
    int64_t nChunks = 0;    // made in this run
    double seconds = 0;
};

struct IngestEvents {
    std::function<void(const DocumentRow&)> onDocument; // each file as it ends; status unchanged too
    std::function<void(const IngestProgress&)> onProgress;
};

/// Adds files and folders to a collection's file. Blocks; meant for a thread of its own, with others searching meanwhile.
///
/// A file with the size and time it had is not read; one with other times is hashed, and is read only when the hash differs. A folder
/// added again loses the documents whose files are gone. Documents become searchable one after another, each in a
/// transaction of its own or with its neighbours, and a killed run loses at most the documents that were in work: the
/// rest is in the file, and resumeIngest() goes on. One bad file never stops the others.
///
/// A collection keeps to one embedder. Another one makes all documents pending again: they are searched by words until
/// their new vectors are there.
///
/// Throws Cancelled when stopped (what is done stays, the rest resumes), StorageFailure, and what the embedder throws.
IngestReport ingest(const std::filesystem::path& collectionFile, std::span<const std::filesystem::path> paths, const IngestSettings& settings,
                    const ReadDocument& read, const IngestEvents& events = {}, std::stop_token stop = {});

/// Goes on with what an earlier run left unfinished; how the paths were added is remembered. Nothing unfinished: returns at once.
IngestReport resumeIngest(const std::filesystem::path& collectionFile, const IngestSettings& settings, const ReadDocument& read,
                          const IngestEvents& events = {}, std::stop_token stop = {});

} // namespace sy::retrieval
