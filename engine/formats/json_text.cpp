// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/json_text.h"

#include "engine/core/error.h"
#include "engine/formats/mapped_file.h"

#include <nlohmann/json.hpp>

#include <unordered_set>
#include <vector>

namespace sy::formats {

namespace {

// What the library's words look like: "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …".
std::string plainWords(const std::string& what)
{
    const size_t end = what.find("] ");
    return end == std::string::npos ? what : what.substr(end + 2);
}

} // namespace

nlohmann::json parseJson(std::string_view text, const std::string& path, uint64_t offset)
{
    using nlohmann::json;
    if (const size_t zero = text.find('\0'); zero != std::string_view::npos) // which the library takes for the end
        throw BadFile(path, "it is no valid JSON: it holds a zero byte", int64_t(offset + zero));
    std::vector<std::unordered_set<std::string>> keys; // of the objects that are open
    const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
        switch (event) {
        case json::parse_event_t::object_start:
        case json::parse_event_t::array_start:
            if (depth >= kMostJsonLevels)
                throw BadFile(path, "the JSON is nested more than " + std::to_string(kMostJsonLevels) + " levels deep",
                              int64_t(offset));
            if (event == json::parse_event_t::object_start)
                keys.emplace_back();
            break;
        case json::parse_event_t::key:
            if (!keys.back().insert(parsed.get<std::string>()).second)
                throw BadFile(path, "the JSON has the key \"" + parsed.get<std::string>() + "\" twice", int64_t(offset));
            break;
        case json::parse_event_t::object_end: keys.pop_back(); break;
        default: break;
        }
        return true;
    };
    try {
        return json::parse(text.begin(), text.end(), watch);
    } catch (const json::parse_error& error) {
        throw BadFile(path, "it is no valid JSON: " + plainWords(error.what()), int64_t(offset + (error.byte ? error.byte - 1 : 0)));
    } catch (const json::exception& error) {
        throw BadFile(path, "its JSON cannot be used: " + plainWords(error.what()), int64_t(offset));
    }
}

std::string readTextFile(const std::filesystem::path& path, uint64_t mostBytes)
{
    const auto file = MappedFile::open(path);
    if (file->bytes().size() > mostBytes)
        throw BadFile(path.string(), "it has " + std::to_string(file->bytes().size()) + " bytes, more than the " +
                                         std::to_string(mostBytes) + " that such a file may have");
    return {reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()};
}

nlohmann::json readJson(const std::filesystem::path& path, uint64_t mostBytes)
{
    return parseJson(readTextFile(path, mostBytes), path.string());
}

} // namespace sy::formats
