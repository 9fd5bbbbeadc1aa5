// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/model_import.h"

#include "engine/api/model_facts.h"
#include "engine/api/model_files.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/formats/gguf_split.h"
#include "engine/formats/model_file.h"
#include "engine/formats/new_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

/// "Qwen2.5 Coder (1.5B).gguf" gives "qwen2.5-coder-1.5b".
std::string slug(const std::string& name)
{
    std::string id;
    for (const unsigned char c : name) {
        if (std::isalnum(c) || c == '.' || c == '_')
            id += char(std::tolower(c));
        else if (!id.empty() && id.back() != '-')
            id += '-';
    }
    while (!id.empty() && (id.back() == '-' || id.back() == '.'))
        id.pop_back();
    return id.empty() ? "model" : id;
}

std::string freeId(const store::ModelStore& store, const std::string& wanted)
{
    std::string id = wanted;
    for (int i = 2; store.find(id); ++i)
        id = wanted + "-" + std::to_string(i);
    return id;
}

/// Copies and hashes in one pass. Returns the hash of this file.
std::string copyFile(const fs::path& from, const fs::path& to, std::stop_token stop, const std::function<void(uint64_t)>& progress)
{
    std::ifstream in(from, std::ios::binary);
    if (!in)
        throw StorageFailure(from.string(), "reading", std::strerror(errno));
    formats::NewFile out(to);
    Sha256 hash;
    std::vector<std::byte> block(1 << 20);
    while (in) {
        if (stop.stop_requested())
            throw Cancelled();
        in.read(reinterpret_cast<char*>(block.data()), std::streamsize(block.size()));
        const std::span<const std::byte> bytes(block.data(), size_t(in.gcount()));
        hash.add(bytes);
        out.write(bytes);
        progress(out.written());
    }
    if (in.bad())
        throw StorageFailure(from.string(), "reading", std::strerror(errno));
    out.commit();
    return hash.hex();
}

struct Copied {
    fs::path path;      // as the library keeps it
    std::string sha256; // of the first part; empty for a folder
};

/// Into the models folder itself, or a folder of the model's own for a folder and when a file of that name is there.
Copied copyFiles(const ModelFiles& files, const fs::path& modelsDir, const std::string& id, uint64_t totalBytes, std::stop_token stop,
                 const std::function<void(uint64_t, uint64_t)>& progress)
{
    const bool isTaken = std::ranges::any_of(files.names, [&](const fs::path& name) { return fs::exists(modelsDir / name); });
    const fs::path folder = isTaken || files.isFolder ? modelsDir / id : modelsDir;
    fs::create_directories(folder);
    Copied result{files.isFolder ? fs::canonical(folder) : fs::canonical(folder) / files.names.front(), {}};
    uint64_t done = 0;
    std::vector<fs::path> written;
    try {
        for (const fs::path& name : files.names) {
            const fs::path target = folder / name;
            fs::create_directories(target.parent_path());
            const std::string hash = copyFile(files.root / name, target, stop, [&](uint64_t bytes) {
                if (progress)
                    progress(std::min(done + bytes, totalBytes), totalBytes);
            });
            written.push_back(target);
            done += fs::file_size(target);
            if (result.sha256.empty() && !files.isFolder)
                result.sha256 = hash;
        }
    } catch (...) {
        std::error_code ignored;
        for (const fs::path& file : written)
            fs::remove(file, ignored);
        throw;
    }
    return result;
}

std::optional<store::ModelRow> sameContents(const store::ModelStore& store, const fs::path& file, std::stop_token stop)
{
    std::string hash;
    for (const store::ModelRow& row : store.list()) {
        std::error_code error;
        if (row.isReferenced || row.sha256.empty() || fs::file_size(row.path, error) != fs::file_size(file) || error)
            continue;
        if (hash.empty())
            hash = sha256HexOfFile(file, stop);
        if (row.sha256 == hash)
            return row;
    }
    return std::nullopt;
}

} // namespace

store::ModelRow importModel(store::ModelStore& store, const fs::path& path, const fs::path& copyTo, std::stop_token stop,
                            const std::function<void(uint64_t, uint64_t)>& progress)
{
    std::error_code error;
    const fs::path whole = fs::canonical(path, error);
    if (error)
        throw StorageFailure(path.string(), "opening", error.message());
    const auto model = formats::openModelFile(whole);
    const ModelFiles files = filesOf(*model);
    const fs::path file = ownPathOf(*model);
    if (const auto row = store.findByPath(file.string()))
        return *row;
    const ModelFacts facts = describeModel(*model, false);
    if (facts.isDamaged)
        throw BadFile(file.string(), facts.unsupportedReason);
    if (!facts.isSupported)
        throw Unsupported(file.filename().string(), facts.unsupportedReason);

    store::ModelRow row;
    row.name = facts.name;
    row.bytes = facts.fileBytes;
    row.kind = facts.isEmbedding ? "embedding" : "chat";
    row.architecture = facts.architecture;
    const formats::SplitName split = formats::splitNameOf(file);
    row.id = freeId(store, slug(files.isFolder ? facts.name : split.nParts > 1 ? split.prefix.filename().string() : file.stem().string()));
    row.path = file.string();
    row.isReferenced = copyTo.empty();
    if (!copyTo.empty()) {
        if (const auto same = files.isFolder ? std::nullopt : sameContents(store, file, stop))
            return *same;
        const Copied copied = copyFiles(files, copyTo, row.id, facts.fileBytes, stop, progress);
        row.path = copied.path.string();
        row.sha256 = copied.sha256;
    }
    store.put(row);
    return *store.find(row.id);
}

void deleteOwnFiles(const fs::path& file, const fs::path& modelsDir)
{
    std::error_code error;
    const fs::path own = fs::canonical(modelsDir, error);
    const fs::path relative = file.lexically_relative(own);
    if (error || relative.empty() || *relative.begin() == ".." || *relative.begin() == ".")
        return;
    if (fs::is_directory(file, error)) { // made by the import, for this model alone
        fs::remove_all(file, error);
        return;
    }
    const formats::SplitName split = formats::splitNameOf(file);
    for (int i = 0; i < split.nParts; ++i)
        fs::remove(split.nParts > 1 ? formats::splitPath(split, i) : file, error);
    if (file.parent_path() != own)
        fs::remove(file.parent_path(), error); // the model's own folder, when it is empty
}

} // namespace sy::api
