// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/training_rows.h"

#include "engine/core/error.h"
#include "engine/documents/charset.h"
#include "engine/formats/json_text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <vector>

namespace sy::train {

namespace {

using nlohmann::json;
using Use = std::function<void(const json& row, int64_t number)>;

std::ifstream opened(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path))
        throw StorageFailure(path, "reading training data", std::strerror(in ? EISDIR : errno));
    return in;
}

[[noreturn]] void bad(const std::string& path, int64_t row, const std::string& problem)
{
    throw BadFile(path, "row " + std::to_string(row) + " " + problem);
}

std::string readText(const std::string& path)
{
    std::ifstream in = opened(path);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    const documents::CharsetGuess guess = documents::guessCharset(bytes);
    if (guess.charset.empty() && !bytes.empty())
        throw BadFile(path, "is no text in a known encoding");
    return bytes.empty() ? bytes
                         : documents::decodeText(std::string_view(bytes).substr(size_t(guess.bomBytes)), guess.charset).utf8;
}

// A table's records one by one.
class Table {
public:
    Table(std::string_view text, char separator, const std::string& path)
        : m_text(text), m_separator(separator), m_path(path)
    {
    }

    int64_t line() const { return m_recordLine; } // where the last record began

    // Empty at the end. Blank lines are passed over.
    std::optional<std::vector<std::string>> next()
    {
        while (m_at < m_text.size() && (m_text[m_at] == '\n' || m_text[m_at] == '\r'))
            m_line += m_text[m_at++] == '\n';
        if (m_at >= m_text.size())
            return {};
        std::vector<std::string> fields(1);
        m_recordLine = m_line;
        while (m_at < m_text.size()) {
            const char c = m_text[m_at++];
            if (c == '"' && fields.back().empty()) {
                quoted(fields.back());
            } else if (c == m_separator) {
                fields.emplace_back();
            } else if (c == '\n') {
                ++m_line;
                break;
            } else if (c != '\r' || (m_at < m_text.size() && m_text[m_at] != '\n')) {
                fields.back() += c;
            }
        }
        return fields;
    }

private:
    void quoted(std::string& field)
    {
        for (;; ++m_at) {
            if (m_at >= m_text.size())
                bad(m_path, m_recordLine, "has a quote that does not end");
            if (m_text[m_at] == '"') {
                if (m_at + 1 >= m_text.size() || m_text[m_at + 1] != '"')
                    break;
                ++m_at; // two of them stand for one
            }
            m_line += m_text[m_at] == '\n';
            field += m_text[m_at];
        }
        ++m_at;
    }

    std::string_view m_text;
    char m_separator;
    const std::string& m_path;
    size_t m_at = 0;
    int64_t m_line = 1, m_recordLine = 1;
};

void readTable(const std::string& path, const Use& use)
{
    const std::string text = readText(path);
    const std::string_view header = std::string_view(text).substr(0, text.find('\n'));
    const auto count = [&](char c) { return std::ranges::count(header, c); };
    const char separator = std::ranges::max({'\t', ',', ';'}, {}, count);
    Table table(text, separator, path);
    const auto columns = table.next();
    if (!columns)
        return;
    for (;;) {
        const auto fields = table.next();
        if (!fields)
            return;
        const int64_t number = table.line();
        if (fields->size() != columns->size())
            bad(path, number, "has " + std::to_string(fields->size()) + " columns, which is not what the first one has");
        json row = json::object();
        for (size_t i = 0; i < columns->size(); ++i)
            row[(*columns)[i]] = (*fields)[i];
        use(row, number);
    }
}

// A list, or an object with one list inside.
void readList(const json& whole, const std::string& path, const Use& use)
{
    const json* list = whole.is_array() ? &whole : nullptr;
    if (whole.is_object()) {
        for (const auto& [key, value] : whole.items()) {
            if (value.is_array() && list)
                throw BadFile(path, "holds one object with several lists, not a list of rows");
            if (value.is_array())
                list = &value;
        }
    }
    if (!list)
        throw BadFile(path, "is no list of rows");
    int64_t number = 0;
    for (const json& row : *list)
        use(row, ++number);
}

void readJson(const std::string& path, const Use& use)
{
    std::ifstream in = opened(path);
    std::string line;
    bool isFirst = true;
    for (int64_t number = 1; std::getline(in, line); ++number) {
        if (isFirst && line.starts_with("\xEF\xBB\xBF"))
            line.erase(0, 3);
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
            line.pop_back();
        if (line.empty())
            continue;
        // A list, or an object over several lines: the whole file at once.
        if (isFirst && (line.starts_with('[') || !json::accept(line))) {
            const std::string whole = line + "\n" + std::string((std::istreambuf_iterator<char>(in)), {});
            if (line.starts_with('[') || json::accept(whole)) {
                readList(formats::parseJson(whole, path), path, use);
                return;
            }
        }
        isFirst = false;
        use(formats::parseJson(line, path + ", row " + std::to_string(number)), number);
    }
    if (in.bad())
        throw StorageFailure(path, "reading training data", std::strerror(errno));
}

} // namespace

void readRows(const DataFile& file, const Use& use)
{
    const auto mapped = [&](const json& row, int64_t number) {
        if (file.mapping.empty() || !row.is_object()) {
            use(row, number);
            return;
        }
        json named = row;
        for (const auto& [ours, theirs] : file.mapping) {
            if (!row.contains(theirs))
                bad(file.path, number, "has no column \"" + theirs + "\"");
            named.erase(theirs);
        }
        for (const auto& [ours, theirs] : file.mapping) // after all are gone: two may change places
            named[ours] = row[theirs];
        use(named, number);
    };
    std::string extension = std::filesystem::path(file.path).extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    const bool isTable = extension == ".csv" || extension == ".tsv";
    const bool isText = extension == ".txt" || extension == ".md";
    if (file.format == DataFormat::csv || isTable)
        readTable(file.path, mapped);
    else if (isText && (file.format == DataFormat::text || file.format == DataFormat::automatic))
        use({{"text", readText(file.path)}}, 1);
    else
        readJson(file.path, mapped);
}

} // namespace sy::train
