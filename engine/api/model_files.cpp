// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/model_files.h"

#include "engine/core/sha256.h"
#include "engine/formats/model_file.h"

#include <algorithm>
#include <array>
#include <span>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr std::array kTextFiles = {"tokenizer.json",   "tokenizer_config.json", "special_tokens_map.json",     "chat_template.jinja",
                                   "tokenizer.model",  "spiece.model",          "vocab.txt",                   "added_tokens.json",
                                   "generation_config.json", "modules.json",
                                   "config_sentence_transformers.json", "sentence_bert_config.json", "1_Pooling/config.json",
                                   "README.md",        "LICENSE"};

} // namespace

ModelFiles filesOf(const formats::ModelFile& model)
{
    ModelFiles files;
    files.isFolder = !formats::safetensorsFolderOf(model.metadata().source()).empty();
    files.root = fs::canonical(files.isFolder ? fs::path(model.metadata().source()) : model.paths().front().parent_path() / ".");
    for (const fs::path& path : model.paths())
        files.names.push_back(path.filename());
    std::error_code error;
    for (const char* name : kTextFiles)
        if (files.isFolder && fs::is_regular_file(files.root / name, error))
            files.names.emplace_back(name);
    return files;
}

fs::path ownPathOf(const formats::ModelFile& model)
{
    const ModelFiles files = filesOf(model);
    return files.isFolder ? files.root : fs::canonical(files.root / files.names.front());
}

std::string contentHash(const fs::path& path, std::stop_token stop, const std::function<void(uint64_t)>& progress)
{
    const auto watched = [&progress](uint64_t before) {
        return [&progress, before](uint64_t done) {
            if (progress)
                progress(before + done);
        };
    };
    if (formats::safetensorsFolderOf(path).empty())
        return sha256HexOfFile(path, std::move(stop), watched(0));
    const ModelFiles files = filesOf(*formats::openModelFile(path));
    std::vector<std::string> names;
    for (const fs::path& name : files.names)
        names.push_back(name.string());
    std::ranges::sort(names);
    Sha256 all;
    uint64_t done = 0;
    for (const std::string& name : names) {
        const std::string line = sha256HexOfFile(files.root / name, stop, watched(done)) + "  " + name + "\n";
        all.add(std::as_bytes(std::span(line.data(), line.size())));
        done += fs::file_size(files.root / name);
    }
    return all.hex();
}

} // namespace sy::api
