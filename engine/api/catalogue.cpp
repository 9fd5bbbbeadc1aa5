// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/catalogue.h"

#include "engine/core/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <numeric>

namespace sy::api {

namespace {

using nlohmann::json;

/// Reads keys of one JSON object and complains with the catalogue's and the model's name.
class Reader {
public:
    Reader(const json& object, std::string file, std::string where) : m_object(object), m_file(std::move(file)), m_where(std::move(where)) {}

    std::string text(const char* key) const
    {
        const json& value = at(key);
        if (!value.is_string() || value.get_ref<const std::string&>().empty())
            fail(key, "is not a text");
        return value.get<std::string>();
    }

    /// A file, package or model name: nothing that a path, an option or a shell could be made of.
    std::string plainName(const char* key) const
    {
        const std::string value = text(key);
        const auto isPlain = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-'; };
        if (!std::ranges::all_of(value, isPlain) || !std::isalnum(static_cast<unsigned char>(value.front())))
            fail(key, "is not a plain name");
        return value;
    }

    std::string hash(const char* key) const
    {
        const std::string value = text(key);
        if (value.size() != 64 || value.find_first_not_of("0123456789abcdef") != std::string::npos)
            fail(key, "is not a SHA-256 of 64 lower-case digits");
        return value;
    }

    uint64_t bytes(const char* key) const
    {
        const json& value = at(key);
        if (!value.is_number_unsigned() || value.get<uint64_t>() == 0)
            fail(key, "is not a number of bytes");
        return value.get<uint64_t>();
    }

    template <typename Value>
    Value oneOf(const char* key, std::initializer_list<std::pair<const char*, Value>> choices) const
    {
        const std::string value = text(key);
        for (const auto& [name, choice] : choices) {
            if (value == name)
                return choice;
        }
        fail(key, "is none of the known values");
    }

    const json& at(const char* key) const
    {
        if (!m_object.is_object() || !m_object.contains(key))
            fail(key, "is missing");
        return m_object[key];
    }

    [[noreturn]] void fail(const char* key, const char* problem) const { throw BadFile(m_file, m_where + ": " + key + " " + problem); }

private:
    const json& m_object;
    std::string m_file, m_where;
};

CataloguePart readPart(const json& object, const std::string& file, const std::string& where)
{
    const Reader reader(object, file, where);
    return {reader.plainName("package"), reader.plainName("version"), reader.plainName("wheel"),
            reader.bytes("bytes"),       reader.hash("sha256"),       reader.text("member")};
}

CatalogueModel readModel(const json& object, const std::string& file, const std::string& where)
{
    const Reader reader(object, file, where);
    CatalogueModel model;
    model.id = reader.plainName("id");
    model.name = reader.text("name");
    model.license = reader.text("license");
    model.architecture = reader.text("architecture");
    model.description = reader.text("description");
    model.kind = reader.oneOf<ModelKind>("kind", {{"chat", ModelKind::chat}, {"embedding", ModelKind::embedding}});
    model.file = reader.plainName("file");
    model.conversion = reader.oneOf<Conversion>("conversion", {{"none", Conversion::none}, {"e5", Conversion::e5}});
    model.bytes = reader.bytes("bytes");
    model.sha256 = reader.hash("sha256");
    if (object.contains("prefixes")) {
        const Reader prefixes(object["prefixes"], file, model.id);
        model.prefixes = {prefixes.text("query"), prefixes.text("passage")};
    }
    const json& parts = reader.at("parts");
    if (!parts.is_array() || parts.empty())
        reader.fail("parts", "is not a list");
    for (const json& part : parts)
        model.parts.push_back(readPart(part, file, model.id + ", part " + std::to_string(model.parts.size() + 1)));
    return model;
}

} // namespace

uint64_t CatalogueModel::downloadBytes() const
{
    return std::accumulate(parts.begin(), parts.end(), uint64_t(0), [](uint64_t sum, const CataloguePart& p) { return sum + p.bytes; });
}

std::vector<CatalogueModel> readCatalogue(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    if (!in)
        throw StorageFailure(file.string(), "reading the model catalogue", std::strerror(errno));
    const json root = json::parse(in, nullptr, false);
    if (!root.is_object() || !root.contains("models") || !root["models"].is_array())
        throw BadFile(file.string(), "the model catalogue is not {\"models\": [...]}");
    std::vector<CatalogueModel> models;
    for (const json& object : root["models"])
        models.push_back(readModel(object, file.string(), "model " + std::to_string(models.size() + 1)));
    return models;
}

} // namespace sy::api
