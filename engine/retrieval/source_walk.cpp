// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/source_walk.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/documents/format_table.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/stat.h>

namespace sy::retrieval {

namespace fs = std::filesystem;

namespace {

bool isIgnoredName(const std::string& name)
{
    constexpr std::string_view kEndings[] = {"~", ".tmp", ".part", ".crdownload", ".swp", ".lock"};
    if (name.starts_with('.') || name.starts_with("~$"))
        return true;
    return std::any_of(std::begin(kEndings), std::end(kEndings), [&](std::string_view ending) { return name.ends_with(ending); });
}

bool liesIn(const fs::path& path, const fs::path& folder)
{
    const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return end == folder.end();
}

FoundFile found(const fs::path& path, const struct stat& facts)
{
    return {path, uint64_t(facts.st_size), int64_t(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec,
            documents::formatOfPath(path.string()) != nullptr};
}

class Walker {
public:
    Walker(const fs::path& root, bool isRecursive, const std::function<void(const fs::path&, const std::string&)>& onProblem, std::stop_token stop)
        : m_realRoot(fs::canonical(root)), m_isRecursive(isRecursive), m_onProblem(onProblem), m_stop(std::move(stop))
    {
    }

    void walk(const fs::path& folder, int depth)
    {
        constexpr int kMaxDepth = 64;
        std::error_code error;
        fs::directory_iterator entries(folder, error);
        if (error)
            return m_onProblem(folder, "the folder cannot be read: " + error.message());
        for (; entries != fs::directory_iterator(); entries.increment(error)) {
            if (error)
                return m_onProblem(folder, "the folder cannot be read: " + error.message());
            if (m_stop.stop_requested())
                throw Cancelled();
            const fs::path& path = entries->path();
            if (isIgnoredName(path.filename().string()))
                continue;
            struct stat facts;
            if (stat(path.c_str(), &facts) != 0)
                continue; // gone meanwhile, or a link to nothing
            if (entries->is_symlink(error)) {
                // A link to a folder could lead in a circle; one to a file is followed as long as it stays inside.
                const fs::path target = fs::canonical(path, error);
                if (error || S_ISDIR(facts.st_mode) || !liesIn(target, m_realRoot))
                    continue;
            }
            if (S_ISDIR(facts.st_mode)) {
                if (m_isRecursive && depth < kMaxDepth)
                    walk(path, depth + 1);
            } else if (S_ISREG(facts.st_mode)) {
                m_files.push_back(found(path, facts));
            }
        }
    }

    std::vector<FoundFile> take()
    {
        std::sort(m_files.begin(), m_files.end(), [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
        return std::move(m_files);
    }

private:
    fs::path m_realRoot;
    bool m_isRecursive;
    const std::function<void(const fs::path&, const std::string&)>& m_onProblem;
    std::stop_token m_stop;
    std::vector<FoundFile> m_files;
};

std::string textOf(const nlohmann::json& object, const char* key)
{
    const auto value = object.find(key);
    if (value == object.end() || value->is_null())
        return {};
    if (value->is_number_integer() && key == std::string_view("id"))
        return std::to_string(value->get<int64_t>());
    return value->get<std::string>(); // throws what readRecords turns into a problem
}

} // namespace

std::vector<FoundFile> walkFolder(const fs::path& folder, bool isRecursive,
                                  const std::function<void(const fs::path&, const std::string&)>& onProblem, std::stop_token stop)
{
    Walker walker(folder, isRecursive, onProblem, std::move(stop));
    walker.walk(folder, 0);
    return walker.take();
}

FoundFile statFile(const fs::path& file)
{
    struct stat facts;
    if (stat(file.c_str(), &facts) != 0)
        throw StorageFailure(file.string(), "looking for the file", std::strerror(errno));
    return found(file, facts);
}

void readRecords(const fs::path& file, const std::function<void(Record&&)>& onRecord,
                 const std::function<void(int64_t, const std::string&)>& onProblem, std::stop_token stop)
{
    std::ifstream in(file, std::ios::binary);
    if (!in)
        throw StorageFailure(file.string(), "reading the records", std::strerror(errno));
    std::string line;
    for (int64_t number = 1; std::getline(in, line); ++number) {
        if (stop.stop_requested())
            throw Cancelled();
        if (number == 1 && line.starts_with("\xEF\xBB\xBF"))
            line.erase(0, 3);
        if (line.find_first_not_of(" \t\r") == std::string::npos)
            continue;
        Record record;
        try {
            const auto object = nlohmann::json::parse(line);
            record = {textOf(object, "id"), textOf(object, "title"), textOf(object, "text"), number};
        } catch (const nlohmann::json::exception&) {
            onProblem(number, "the line is not a JSON object with id, title and text; correct it and add the file again");
            continue;
        }
        if (record.id.empty())
            onProblem(number, "the record has no id; give it one and add the file again");
        else
            onRecord(std::move(record));
    }
}

} // namespace sy::retrieval
