// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/json_rows.h"

#include "engine/core/error.h"
#include "engine/formats/json_text.h"

#include <set>

namespace sy::train {

namespace {

using nlohmann::json;
using Use = std::function<void(json row, int64_t number)>;

bool isSpace(int c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// Finds where values end and leaves what they are to the parser: brackets and strings are all that matters for that.
class ListReader {
public:
    ListReader(TextInput& in, const std::string& path, const Use& use) : m_in(in), m_path(path), m_use(use) {}

    void whole()
    {
        if (next() == '[')
            list();
        else
            object();
        if (next() != TextInput::kEnd)
            bad("something follows its end");
    }

private:
    [[noreturn]] void bad(const std::string& problem) const
    {
        throw BadFile(m_path, "it is no valid JSON: " + problem, int64_t(m_in.position()));
    }

    int next()
    {
        while (isSpace(m_in.peek()))
            m_in.get();
        return m_in.peek();
    }

    void list()
    {
        m_in.get();
        if (next() == ']') {
            m_in.get();
            return;
        }
        for (;;) {
            next();
            ++m_nRows;
            const uint64_t offset = m_in.position();
            m_use(formats::parseJson(text(), m_path + ", row " + std::to_string(m_nRows), offset), m_nRows);
            if (isEnd(']', "behind row " + std::to_string(m_nRows)))
                return;
        }
    }

    // Its other values are small and looked at for what is wrong with them.
    void object()
    {
        m_in.get();
        if (next() == '}') {
            m_in.get();
            return;
        }
        std::set<std::string> keys;
        for (;;) {
            next();
            const json key = formats::parseJson(text(), m_path);
            if (!key.is_string() || next() != ':')
                bad("a key and a colon are missing");
            if (!keys.insert(key.get<std::string>()).second)
                throw BadFile(m_path, "the JSON has the key \"" + key.get<std::string>() + "\" twice");
            m_in.get();
            if (next() == '[')
                list();
            else
                formats::parseJson(text(), m_path);
            if (isEnd('}', "behind \"" + key.get<std::string>() + "\""))
                return;
        }
    }

    bool isEnd(char bracket, const std::string& where)
    {
        const int c = next();
        if (c != ',' && c != bracket)
            bad(where + " it neither goes on nor ends");
        m_in.get();
        return c == bracket;
    }

    // The value that begins here, as far as brackets and quotes make one; the parser says what is wrong with it.
    const std::string& text()
    {
        m_text.clear();
        int depth = 0;
        for (int c = m_in.peek(); c != TextInput::kEnd; c = m_in.peek()) {
            if (depth == 0 && (c == ',' || c == ':' || c == ']' || c == '}' || isSpace(c)))
                break;
            take();
            if (c == '"' && !takeString())
                break;
            if ((c == '[' || c == '{') && ++depth > formats::kMostJsonLevels)
                throw BadFile(m_path + ", row " + std::to_string(m_nRows),
                              "the JSON is nested more than " + std::to_string(formats::kMostJsonLevels) + " levels deep",
                              int64_t(m_in.position()));
            if (c == ']' || c == '}')
                --depth;
            if (depth == 0 && (c == '"' || c == ']' || c == '}'))
                break;
        }
        return m_text;
    }

    // Behind its first quote. Not over lines: one that does not end must not take the whole file with it.
    bool takeString()
    {
        for (int c = m_in.peek(); c != TextInput::kEnd && c != '\n'; c = m_in.peek()) {
            take();
            if (c == '"')
                return true;
            if (c == '\\' && m_in.peek() != TextInput::kEnd)
                take();
        }
        return false;
    }

    void take() { m_text += char(m_in.get()); }

    TextInput& m_in;
    const std::string& m_path;
    const Use& m_use;
    std::string m_text;
    int64_t m_nRows = 0; // the one that is read included
};

// Looks at a whole file and keeps nothing but how deep it is.
class ListCounter {
public:
    ListCounter(std::string path, std::stop_token stop) : m_path(std::move(path)), m_stop(std::move(stop)) {}
    int64_t nLists() const { return m_nLists; }

    bool null() { return value(); }
    bool boolean(bool) { return value(); }
    bool number_integer(json::number_integer_t) { return value(); }
    bool number_unsigned(json::number_unsigned_t) { return value(); }
    bool number_float(json::number_float_t, const std::string&) { return value(); }
    bool string(std::string&) { return value(); }
    bool binary(json::binary_t&) { return value(); }
    bool key(std::string&) { return true; }
    bool start_object(size_t) { return enter(); }
    bool end_object() { return leave(); }
    bool start_array(size_t)
    {
        m_nLists += m_depth == 1;
        return enter();
    }
    bool end_array() { return leave(); }
    bool parse_error(size_t, const std::string&, const json::exception&) { return false; }

private:
    bool value()
    {
        if (m_stop.stop_requested())
            throw Cancelled();
        return true;
    }
    bool enter()
    {
        if (++m_depth > formats::kMostJsonLevels)
            throw BadFile(m_path,
                          "the JSON is nested more than " + std::to_string(formats::kMostJsonLevels) + " levels deep");
        return value();
    }
    bool leave()
    {
        --m_depth;
        return true;
    }

    std::string m_path;
    std::stop_token m_stop;
    int m_depth = 0;
    int64_t m_nLists = 0;
};

} // namespace

void readJsonList(TextInput& in, const std::string& path, const Use& use)
{
    ListReader(in, path, use).whole();
}

int64_t countJsonLists(const std::string& path, const std::stop_token& stop)
{
    std::ifstream in(path, std::ios::binary);
    ListCounter counter(path, stop);
    const bool isJson = json::sax_parse(in, &counter);
    if (in.bad())
        throw StorageFailure(path, "reading training data", "Input/output error");
    return isJson ? counter.nLists() : -1;
}

} // namespace sy::train
