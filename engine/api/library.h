// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::api {

/// What `info MODEL` prints; read from the file's header without loading weights.
struct ModelFacts {
    std::string architecture;
    std::string name;
    std::string license;
    int64_t nParameters = 0;
    int64_t nActiveParameters = 0;
    uint64_t fileBytes = 0;
    std::map<std::string, uint64_t> quantization; // type name to bytes
    int64_t contextLength = 0;
    int nLayers = 0;
    int nExperts = 0;
    int nExpertsUsed = 0;
    int64_t nVocabulary = 0;
    bool isEmbedding = false;
    bool isSupported = true;      // this build can load it
    std::string unsupportedReason; // names the architecture, tensor type or tokenizer
    bool isDamaged = false;        // no build can: the reason is a contradiction in the file
    struct Memory {
        uint64_t weightsBytes = 0;
        uint64_t kvBytesPerToken = 0;                      // of the type that is used unless another is chosen
        uint64_t computeBytes = 0;
        std::map<std::string, uint64_t> kvBytesPerTokenOf; // by type: f32, f16, q8_0; empty for an embedding model
        int64_t chatTokens = 0;                            // of a chat at the context length that is used unless another is chosen
        std::map<std::string, uint64_t> chatKvBytesOf;     // all that one holds, by type: with windows and states, which do not grow
        uint64_t processBytes = 0;                         // the program beside the model, tokenizer included, as it is now
        std::map<std::string, uint64_t> chatPeakBytesOf;   // all together when that chat is full, by type; "" for an embedding model
    } memory;
    struct TensorRow {
        std::string name;
        std::string type;
        std::vector<int64_t> shape; // outermost first
        uint64_t bytes;
    };
    std::vector<TensorRow> tensors; // only when asked for
    std::vector<std::string> warnings;
    std::vector<std::string> endTokens; // texts of the ids that end an answer
};

enum class ModelKind { chat, embedding };

struct ModelEntry {
    std::string id;   // stable, short: catalogue id or a slug of the name
    std::string name;
    std::filesystem::path path;
    uint64_t bytes = 0;
    std::string sha256; // empty until computed
    ModelKind kind = ModelKind::chat;
    bool isReferenced = false; // file stays where the user has it
    bool isMissing = false;    // the file is gone
    std::string architecture;
};

/// A row of resources/models/catalogue.json.
struct CatalogueEntry {
    std::string id, name, license, architecture, description;
    ModelKind kind = ModelKind::chat;
    uint64_t bytes = 0;         // of the assembled file
    uint64_t downloadBytes = 0; // of all its parts
    std::string sha256;
    bool isInstalled = false;
};

struct FetchProgress {
    std::string step; // "downloading", "verifying", "assembling", "converting"
    uint64_t doneBytes = 0;
    uint64_t totalBytes = 0;
};

class Engine;

/// The model files that the program knows. Rows live in the database, files in dataDir/models or where the user has them.
class ModelLibrary {
public:
    explicit ModelLibrary(Engine& engine);
    ~ModelLibrary();

    std::vector<ModelEntry> list() const;
    std::vector<CatalogueEntry> catalogue() const;

    /// A path (GGUF, first part of a split GGUF, folder of safetensors), an id or a name, as every command accepts it. Throws StorageFailure when nothing
    /// matches; its detail lists what there is.
    std::filesystem::path resolve(const std::string& pathOrIdOrName) const;
    std::optional<ModelEntry> find(const std::string& idOrNameOrPath) const;
    std::optional<ModelEntry> defaultModel(ModelKind kind) const; // the newest usable one of its kind

    /// Reads the header and says whether this build can use the file. Throws BadFile when it is no model at all.
    /// contextLength: of the chat whose memory is said, cut to the model's; 0: that of a load without one.
    ModelFacts facts(const std::filesystem::path& path, bool withTensors = false, int64_t contextLength = 0) const;

    /// Adds a file or folder: by reference, or copied into the data folder (sibling file, then renamed). Refuses what cannot be used
    /// (BadFile, Unsupported). Importing the same file again returns the row that is there.
    ModelEntry import(const std::filesystem::path& path, bool copy, std::stop_token stop = {},
                      const std::function<void(uint64_t done, uint64_t total)>& progress = {});

    /// Adds a file that this program has just written, or renews the row of the one whose place it took. In the models folder it
    /// belongs to the program like a copy. Throws as import().
    ModelEntry addWritten(const std::filesystem::path& path);
    bool isInModelsFolder(const std::filesystem::path& path) const;

    /// Forgets the row; deletes the file only when it lies in the data folder.
    void remove(const std::string& id);

    /// Compares the file with its recorded hash (or records one). False: the contents have changed.
    bool verify(const std::string& id, std::stop_token stop = {},
                const std::function<void(uint64_t done, uint64_t total)>& progress = {});

    /// Downloads, verifies, assembles (and converts) a catalogue model. Restartable; a wrong hash throws BadFile and deletes
    /// nothing that was good.
    ModelEntry fetch(const std::string& id, std::stop_token stop = {},
                     const std::function<void(const FetchProgress&)>& progress = {});

    /// Texts that an embedding model wants before a query and before a passage ("query: ", "passage: "); empty when unknown.
    struct Prefixes {
        std::string query, passage;
    };
    Prefixes prefixes(const std::filesystem::path& path) const;

private:
    Engine& m_engine;
};

} // namespace sy::api
