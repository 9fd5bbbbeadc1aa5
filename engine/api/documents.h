// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/chats.h"
#include "engine/api/models.h"

#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::api {

class Engine;

struct CollectionSummary {
    std::string name;
    int64_t nDocuments = 0, nChunks = 0, nFailed = 0, nPending = 0;
    std::string embedder; // id of the embedding model, empty: lexical only
    std::vector<std::filesystem::path> folders; // added as folders
};

enum class DocumentStatus { indexed, unchanged, failed, needsOcr, needsPassword, skipped, pending };
std::string toString(DocumentStatus status); // as in CLI.md: "needsOcr"

struct DocumentRow {
    std::string path; // or record id
    std::string title;
    uint64_t bytes = 0;
    std::string sha256;
    int nPages = 0;
    int64_t nChunks = 0;
    DocumentStatus status = DocumentStatus::pending;
    std::string message; // what went wrong and what to do, in English; empty when fine
};

struct IngestOptions {
    std::string embedder;       // id, name or path; empty: the default embedding model, "none": lexical only
    bool isRecursive = true;
    bool areRecords = false;    // paths are JSONL files of {id, title, text}
    std::map<std::string, std::string> passwords; // path to password, kept in memory only
    bool force = false;         // re-index although unchanged
};

struct IngestProgress {
    std::string currentFile;
    int64_t nDone = 0, nTotal = 0, nFailed = 0;
    int64_t nChunksDone = 0;
    double chunksPerSecond = 0;
    double secondsLeft = -1; // -1: not known yet
};

struct IngestSummary {
    int64_t nDocuments = 0, nChunks = 0;
    double seconds = 0;
};

enum class SearchMode { lexical, dense, hybrid };

struct SearchResult {
    std::string document, title;
    int page = 0, endPage = 0;
    int64_t start = 0, end = 0; // code points in the page's text
    double score = 0;
    int lexicalRank = 0, denseRank = 0; // from 1; 0: not among that list
    double lexicalScore = 0, denseScore = 0;
    std::string text;
    std::string section; // heading path
};

struct AskRequest {
    std::string collection;
    std::string question;
    std::vector<ChatMessage> history; // earlier turns, for follow-up questions
    GenerationRequest generation;     // sampling and limits; its messages are made here
    int nPassages = 6;                // retrieved; the prompt takes what its budget allows
    std::string systemPrompt;         // added to ours
    std::string lastDocument;         // the path that "summarize this document" means; may be empty
};

struct AskResult {
    std::string answer;                    // with our markers [1] [2] at sentence ends
    bool isRefused = false;                // "the documents do not say", decided by us
    std::vector<Citation> citations;       // cited first, then the other passages that the model was shown
    std::vector<SentenceSupport> support;
    std::vector<SearchResult> retrieved;
    std::string queryUsed;
    GenerationResult generation;
    double retrievalMs = 0;
};

/// What happens while an answer is made; any may be empty. They run on the asking thread or the scheduler's and must be quick.
struct AskEvents {
    std::function<void(const std::vector<Citation>& sources)> onSources; // right after retrieval
    std::function<void(const PromptProgress&)> onProgress;
    /// The whole answer so far, cleaned and with markers of the finished sentences; at most ~30 times a second.
    std::function<void(const std::string& answer, const std::vector<SentenceSupport>& support)> onText;
};

struct ExtractResult {
    std::string outcome; // ok, partial, no_text, password, error
    struct Page {
        int number;
        std::string text;
    };
    std::vector<Page> pages;
    std::string title;
    std::string message;
    double seconds = 0;
};

struct PageView {
    int width = 0, height = 0;
    std::vector<unsigned char> rgb; // width * height * 3, rows top to bottom
    struct Box {
        double x, y, width, height; // pixels of this image
    };
    std::vector<Box> highlights; // the words of the span asked for, merged by line
};

/// Collections of documents: ingest, search, ask, and the pages behind a citation.
class Documents {
public:
    explicit Documents(Engine& engine);
    ~Documents();

    std::vector<CollectionSummary> collections() const;
    void createCollection(const std::string& name);
    void renameCollection(const std::string& name, const std::string& newName);
    void removeCollection(const std::string& name);

    std::vector<DocumentRow> documents(const std::string& collection) const;
    void removeDocument(const std::string& collection, const std::string& path);

    /// Adds files and folders, creating the collection if need be. Blocks; resumes what an earlier, killed run left. onDocument
    /// reports each file as it ends; one bad file never stops the rest. Throws Cancelled when stopped (what is done stays).
    IngestSummary ingest(const std::string& collection, const std::vector<std::filesystem::path>& paths,
                         const IngestOptions& options, const std::function<void(const DocumentRow&)>& onDocument = {},
                         const std::function<void(const IngestProgress&)>& onProgress = {}, std::stop_token stop = {});
    /// Collections that a killed run left unfinished.
    std::vector<std::string> unfinished() const;
    IngestSummary resume(const std::string& collection, const std::function<void(const DocumentRow&)>& onDocument = {},
                         const std::function<void(const IngestProgress&)>& onProgress = {}, std::stop_token stop = {});

    std::vector<SearchResult> search(const std::string& collection, const std::string& query, SearchMode mode, int top) const;

    /// Retrieves, answers with the model and attributes every sentence. Blocks; cancel through `stop` gives what there is.
    AskResult ask(LoadedModel& model, const AskRequest& request, const AskEvents& events = {}, std::stop_token stop = {});

    ExtractResult extract(const std::filesystem::path& file, const std::string& password = {}, std::stop_token stop = {}) const;

    /// The page as an image with the span's words marked (PDF). Throws BadFile or StorageFailure when the file is gone or
    /// unreadable; Unsupported for a format without pages.
    PageView renderPage(const std::filesystem::path& file, int page, double dpi, int64_t start = 0, int64_t end = 0,
                        const std::string& password = {}) const;
    int pageCount(const std::filesystem::path& file) const;

    /// Extensions with the dot, lower case, for file dialogs, and their format's name.
    struct Format {
        std::string name;
        std::vector<std::string> extensions;
    };
    static std::vector<Format> formats();

private:
    Engine& m_engine;
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace sy::api
