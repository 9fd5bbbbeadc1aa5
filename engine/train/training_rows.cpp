// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/training_rows.h"

#include "engine/core/error.h"
#include "engine/formats/json_text.h"
#include "engine/train/json_rows.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace sy::train {

namespace {

using nlohmann::json;
using Use = std::function<void(json row, int64_t number)>;

[[noreturn]] void bad(const std::string& path, int64_t row, const std::string& problem)
{
    throw BadFile(path, "row " + std::to_string(row) + " " + problem);
}

// A table's records one by one.
class Table {
public:
    Table(TextInput& in, const std::string& path) : m_in(in), m_path(path)
    {
        for (int c = m_in.peek(); c != '\n' && c != TextInput::kEnd; c = m_in.peek())
            m_header += char(m_in.get());
        m_separator = std::max({'\t', ',', ';'}, [&](char a, char b) {
            return std::ranges::count(m_header, a) < std::ranges::count(m_header, b);
        });
    }

    int64_t line() const { return m_recordLine; } // where the last record began

    // Empty at the end. Blank lines are passed over.
    std::optional<std::vector<std::string>> next()
    {
        while (peek() == '\n' || peek() == '\r')
            m_line += get() == '\n';
        if (peek() == TextInput::kEnd)
            return {};
        std::vector<std::string> fields(1);
        m_recordLine = m_line;
        for (int c = get(); c != TextInput::kEnd; c = get()) {
            if (c == '"' && fields.back().empty()) {
                quoted(fields.back());
            } else if (c == m_separator) {
                fields.emplace_back();
            } else if (c == '\n') {
                ++m_line;
                break;
            } else if (c != '\r' || (peek() != TextInput::kEnd && peek() != '\n')) {
                fields.back() += char(c);
            }
        }
        return fields;
    }

private:
    // What the separator was looked for in comes first, once more.
    int peek() { return m_at < m_header.size() ? uint8_t(m_header[m_at]) : m_in.peek(); }
    int get() { return m_at < m_header.size() ? uint8_t(m_header[m_at++]) : m_in.get(); }

    void quoted(std::string& field)
    {
        for (int c = get();; c = get()) {
            if (c == TextInput::kEnd)
                bad(m_path, m_recordLine, "has a quote that does not end");
            if (c == '"' && peek() != '"')
                return;
            if (c == '"')
                get(); // two of them stand for one
            m_line += c == '\n';
            field += char(c);
        }
    }

    TextInput& m_in;
    const std::string& m_path;
    std::string m_header; // the first line
    size_t m_at = 0;
    char m_separator;
    int64_t m_line = 1, m_recordLine = 1;
};

void readTable(const std::string& path, const Use& use, const TextInput::Options& options)
{
    TextInput in(path, TextInput::Charset::any, options);
    Table table(in, path);
    const auto columns = table.next();
    if (!columns)
        return;
    while (auto fields = table.next()) {
        const int64_t number = table.line();
        if (fields->size() != columns->size())
            bad(path, number, "has " + std::to_string(fields->size()) + " columns, which is not what the first one has");
        json row = json::object();
        for (size_t i = 0; i < columns->size(); ++i)
            row[(*columns)[i]] = std::move((*fields)[i]);
        use(std::move(row), number);
    }
}

void trimEnd(std::string& line)
{
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
        line.pop_back();
}

// Whether the file is an object over several lines with a list inside, whose first line alone makes no sense.
bool isObjectWithList(const std::string& path, const std::string& firstLine, const TextInput::Options& options)
{
    const int64_t nLists = json::accept(firstLine) ? -1 : countJsonLists(path, options.stop);
    if (nLists == 0)
        throw BadFile(path, "is no list of rows");
    if (nLists > 1)
        throw BadFile(path, "holds one object with several lists, not a list of rows");
    return nLists == 1;
}

void skipByteOrderMark(TextInput& in)
{
    in.skip("\xEF\xBB\xBF");
}

void readJson(const std::string& path, const Use& use, const TextInput::Options& options)
{
    TextInput in(path, TextInput::Charset::bytes, options);
    skipByteOrderMark(in);
    int64_t number = 1;
    for (int c = in.peek(); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = in.peek())
        number += in.get() == '\n';
    if (in.peek() == '[') {
        readJsonList(in, path, use);
        return;
    }
    std::string line;
    for (bool isFirst = true; in.line(line); ++number) {
        trimEnd(line);
        if (line.empty())
            continue;
        if (isFirst && isObjectWithList(path, line, options)) {
            TextInput whole(path, TextInput::Charset::bytes, options);
            skipByteOrderMark(whole);
            readJsonList(whole, path, use);
            return;
        }
        isFirst = false;
        use(formats::parseJson(line, path + ", row " + std::to_string(number)), number);
    }
}

// A row's values under the names that the mapping gives them.
json named(const DataFile& file, json row, int64_t number)
{
    if (file.mapping.empty() || !row.is_object())
        return row;
    json named = row;
    for (const auto& [ours, theirs] : file.mapping) {
        if (!row.contains(theirs))
            bad(file.path, number, "has no column \"" + theirs + "\"");
        named.erase(theirs);
    }
    for (const auto& [ours, theirs] : file.mapping) // after all are gone: two may change places
        named[ours] = row[theirs];
    return named;
}

} // namespace

void readRows(const DataFile& file, const Use& use, const TextInput::Options& options)
{
    const auto mapped = [&](json row, int64_t number) { use(named(file, std::move(row), number), number); };
    std::string extension = std::filesystem::path(file.path).extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    const bool isTable = extension == ".csv" || extension == ".tsv";
    const bool isText = extension == ".txt" || extension == ".md";
    if (file.format == DataFormat::csv || isTable)
        readTable(file.path, mapped, options);
    else if (isText && (file.format == DataFormat::text || file.format == DataFormat::automatic))
        use({{"text", TextInput(file.path, TextInput::Charset::any, options).rest()}}, 1);
    else
        readJson(file.path, mapped, options);
}

} // namespace sy::train
