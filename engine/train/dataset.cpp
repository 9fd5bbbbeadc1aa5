// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/dataset.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/formats/json_text.h"
#include "engine/tokenizer/chat_prompt.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <span>
#include <unordered_set>

namespace sy::train {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

class Reader {
public:
    Reader(const TextEncoder& encoder, const DatasetOptions& options, std::stop_token stop)
        : m_encoder(encoder), m_options(options), m_stop(std::move(stop))
    {
    }

    /// Rows read from now on are held out, whatever the fraction says.
    void beginHeldOut() { m_isHeldOutFile = true; }

    void read(const DataFile& file)
    {
        std::ifstream in(file.path, std::ios::binary);
        if (!in)
            throw StorageFailure(file.path, "reading training data", std::strerror(errno));
        m_path = file.path;
        if (m_firstPath.empty())
            m_firstPath = m_path;
        std::string line;
        bool isFirst = true;
        for (m_row = 1; std::getline(in, line); ++m_row) {
            if (isFirst && line.starts_with("\xEF\xBB\xBF"))
                line.erase(0, 3);
            while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
                line.pop_back();
            if (line.empty())
                continue;
            if (isFirst && line.starts_with('[')) { // a list: the whole file at once
                std::string rest((std::istreambuf_iterator<char>(in)), {});
                const json rows = formats::parseJson(line + "\n" + rest, m_path);
                if (!rows.is_array())
                    throw BadFile(m_path, "is no list of rows");
                for (m_row = 1; const json& row : rows) {
                    add(row, file.format);
                    ++m_row;
                }
                return;
            }
            isFirst = false;
            add(formats::parseJson(line, m_path + ", row " + std::to_string(m_row)), file.format);
        }
        if (in.bad())
            throw StorageFailure(m_path, "reading training data", std::strerror(errno));
    }

    Dataset finish()
    {
        DatasetReport& r = m_data.report;
        // A hash is below the limit for the same rows always.
        const double fraction = m_options.heldOutPath.empty() ? m_options.heldOutFraction : 0;
        const auto limit = double(r.nRows) * fraction >= 1 ? uint64_t(std::ldexp(fraction, 64)) : uint64_t(0);
        for (Kept& kept : m_kept) {
            const bool isHeldOut = kept.isHeldOutFile || kept.rowHash < limit;
            if (kept.preview >= 0)
                m_data.preview[size_t(kept.preview)].kind =
                    isHeldOut ? TextOutcome::Kind::heldOut : TextOutcome::Kind::used;
            r.nHeldOut += isHeldOut;
            if (!isHeldOut) {
                ++r.nTexts;
                r.nTokens += int64_t(kept.text.tokens.size());
                r.nTrainedTokens += kept.text.nLabels();
            }
            (isHeldOut ? m_data.heldOut : m_data.texts).push_back(std::move(kept.text));
        }
        if (m_data.texts.empty())
            throw BadFile(m_firstPath, "nothing would be learned: of " + std::to_string(r.nRows) + " rows, " +
                                      std::to_string(r.nTooLong) + " are longer than " +
                                      std::to_string(m_options.contextLength) + " tokens, " +
                                      std::to_string(r.nWithoutLabels) + " have no trained token and " +
                                      std::to_string(r.nHeldOut) + " are held out");
        Sha256 hash;
        for (const auto* texts : {&m_data.texts, &m_data.heldOut})
            for (const TrainingText& text : *texts)
                addTo(hash, text);
        m_data.sha256 = hash.hex();
        return std::move(m_data);
    }

private:
    // A text that may be trained; whether it is held out is known when all rows are.
    struct Kept {
        TrainingText text;
        uint64_t rowHash = 0;
        bool isHeldOutFile = false;
        int64_t preview = -1; // its place in Dataset::preview
    };

    static void addTo(Sha256& hash, const TrainingText& t)
    {
        const auto count = int64_t(t.tokens.size());
        hash.add(std::as_bytes(std::span(&count, 1)));
        hash.add(std::as_bytes(std::span(t.tokens)));
        hash.add(std::as_bytes(std::span(t.isTrained)));
    }

    [[noreturn]] void bad(const std::string& problem) const
    {
        throw BadFile(m_path, "row " + std::to_string(m_row) + " " + problem);
    }

    DataFormat recognize(const json& row) const
    {
        if (row.contains("ids"))
            return DataFormat::tokens;
        if (row.contains("messages"))
            return DataFormat::messages;
        if (row.contains("instruction") && row.contains("output"))
            return DataFormat::alpaca;
        if (row.contains("prompt") && row.contains("completion"))
            return DataFormat::promptCompletion;
        std::string keys;
        for (const auto& [key, value] : row.items())
            keys += (keys.empty() ? "" : ", ") + key;
        bad("is of no known format; its keys are " + keys);
    }

    std::string text(const json& row, const char* key) const
    {
        const auto found = row.find(key);
        if (found == row.end() || !found->is_string())
            bad("has no text \"" + std::string(key) + "\"");
        return found->get<std::string>();
    }

    void add(const json& row, DataFormat format)
    {
        if (m_stop.stop_requested())
            throw Cancelled();
        if (!row.is_object())
            bad("is no object");
        if (format == DataFormat::automatic)
            format = recognize(row);
        ++m_data.report.nRows;
        ++m_data.report.formats[formatName(format)];
        if (format == DataFormat::tokens) {
            addRow({tokens(row)}, false);
            return;
        }
        if (!m_encoder.tokenizer || !m_encoder.chatTemplate)
            throw Unsupported("training a conversation", "the model has no chat template");
        try {
            addRow(encodeConversation(m_encoder, messages(row, format)), true);
        } catch (const Unsupported& error) {
            throw Unsupported(m_path + ", row " + std::to_string(m_row) + ": " + error.thing, error.reason);
        }
    }

    TrainingText tokens(const json& row) const
    {
        const auto list = [&](const char* key, int64_t most) {
            const auto found = row.find(key);
            if (found == row.end() || !found->is_array())
                bad("has no list \"" + std::string(key) + "\"");
            std::vector<int32_t> values;
            for (const json& value : *found) {
                if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > most)
                    bad("has " + value.dump() + " in \"" + key + "\", expected 0 to " + std::to_string(most));
                values.push_back(value.get<int32_t>());
            }
            return values;
        };
        TrainingText t;
        t.tokens = list("ids", m_options.nVocabulary - 1);
        const std::vector<int32_t> mask = list("mask", 1);
        if (mask.size() != t.tokens.size())
            bad("has " + std::to_string(t.tokens.size()) + " ids and a mask of " + std::to_string(mask.size()));
        t.isTrained.assign(mask.begin(), mask.end());
        return t;
    }

    ordered_json messages(const json& row, DataFormat format) const
    {
        ordered_json list = ordered_json::array();
        const auto say = [&](const char* role, std::string content) {
            list.push_back({{"role", role}, {"content", std::move(content)}});
        };
        if (format == DataFormat::promptCompletion) {
            say("user", text(row, "prompt"));
            say("assistant", text(row, "completion"));
        } else if (format == DataFormat::alpaca) {
            if (row.contains("system"))
                say("system", text(row, "system"));
            const std::string input = row.contains("input") ? text(row, "input") : "";
            say("user", text(row, "instruction") + (input.empty() ? "" : "\n\n" + input));
            say("assistant", text(row, "output"));
        } else {
            const auto found = row.find("messages");
            if (found == row.end() || !found->is_array() || found->empty())
                bad("has no list \"messages\"");
            for (const json& message : *found) {
                if (!message.is_object() || !message.contains("role") || !message["role"].is_string() ||
                    !message.contains("content") || !message["content"].is_string())
                    bad("has a message without a role and a text");
                list.push_back(ordered_json(message));
            }
        }
        return list;
    }

    void addRow(std::vector<TrainingText> texts, bool isConversation)
    {
        Sha256 hash;
        for (const TrainingText& text : texts)
            addTo(hash, text);
        const uint64_t rowHash = std::stoull(hash.hex().substr(0, 16), nullptr, 16);
        m_data.report.nDuplicates += !m_rowHashes.insert(rowHash).second;
        for (TrainingText& text : texts)
            addText(std::move(text), rowHash, isConversation);
    }

    void addText(TrainingText t, uint64_t rowHash, bool isConversation)
    {
        DatasetReport& r = m_data.report;
        TextOutcome outcome{TextOutcome::Kind::used, m_path, m_row, int64_t(t.tokens.size()), {}};
        r.longestTokens = std::max(r.longestTokens, outcome.nTokens);
        if (t.nLabels() == 0) {
            ++r.nWithoutLabels;
            outcome.kind = TextOutcome::Kind::nothingTrained;
        } else if (outcome.nTokens > m_options.contextLength) {
            ++r.nTooLong;
            outcome.kind = TextOutcome::Kind::tooLong;
        }
        const bool isKept = outcome.kind == TextOutcome::Kind::used;
        if (!isKept && m_data.dropped.size() < kMostDropped)
            m_data.dropped.push_back(outcome);
        int64_t preview = -1;
        if (r.nRows <= kPreviewRows) {
            preview = int64_t(m_data.preview.size());
            m_data.preview.push_back(outcome);
            m_data.preview.back().text = t;
        }
        if (!isKept)
            return;
        if (isConversation) {
            const auto last = std::find(t.isTrained.rbegin(), t.isTrained.rend(), uint8_t(1));
            r.nWithoutEnd += !m_encoder.tokenizer->isEndOfGeneration(t.tokens[size_t(t.isTrained.rend() - last) - 1]);
        }
        m_kept.push_back({std::move(t), rowHash, m_isHeldOutFile, preview});
    }

    const TextEncoder& m_encoder;
    DatasetOptions m_options;
    std::stop_token m_stop;
    std::string m_path, m_firstPath;
    int64_t m_row = 0;
    bool m_isHeldOutFile = false;
    std::vector<Kept> m_kept;
    std::unordered_set<uint64_t> m_rowHashes;
    Dataset m_data;
};

bool startsWith(std::span<const int32_t> all, std::span<const int32_t> start)
{
    return all.size() >= start.size() && std::equal(start.begin(), start.end(), all.begin());
}

// Goes on from `text`, whose tokens are `ids`, to a longer prompt: its own tokens where they begin alike, else those of
// the text that is new.
void advance(const TextEncoder& encoder, const tokenizer::ChatPrompt& to, std::vector<int32_t>& ids, std::string& text)
{
    if (startsWith(to.ids, ids))
        ids = to.ids;
    else
        encoder.tokenizer->encode(std::string_view(to.text).substr(text.size()), {.parseSpecial = true}, ids);
    text = to.text;
}

} // namespace

std::vector<TrainingText> encodeConversation(const TextEncoder& encoder, const ordered_json& messages)
{
    const auto render = [&](size_t nMessages, bool addGenerationPrompt) {
        ordered_json part = ordered_json::array();
        for (size_t i = 0; i < nMessages; ++i) {
            ordered_json message = messages[i];
            message.erase("weight");
            part.push_back(std::move(message));
        }
        tokenizer::ChatPromptOptions options;
        options.addGenerationPrompt = addGenerationPrompt;
        return tokenizer::encodeChat(*encoder.tokenizer, *encoder.chatTemplate, part, options);
    };
    std::vector<TrainingText> texts;
    TrainingText current;
    std::string text; // what current.tokens stand for
    for (size_t i = 0; i < messages.size(); ++i) {
        if (messages[i].value("role", "") != "assistant")
            continue;
        const auto weight = messages[i].find("weight");
        const bool isTrained = weight == messages[i].end() || *weight != 0;
        const tokenizer::ChatPrompt before = render(i, true), through = render(i + 1, false);
        if (!through.text.starts_with(before.text))
            throw Unsupported("this conversation's " + std::to_string(i + 1) + ". message",
                              "the template does not begin the answer as it asks for it");
        if (!before.text.starts_with(text)) { // earlier turns look different now: a text of its own
            texts.push_back(std::move(current));
            current = {};
            text.clear();
        }
        advance(encoder, before, current.tokens, text);
        current.isTrained.resize(current.tokens.size(), 0);
        const size_t first = current.tokens.size();
        // The answer's tokens follow the generation prompt's, as they do when the model answers.
        encoder.tokenizer->encode(std::string_view(through.text).substr(before.text.size()), {.parseSpecial = true},
                                  current.tokens);
        text = through.text;
        current.isTrained.resize(current.tokens.size(), uint8_t(isTrained));
        size_t end = current.tokens.size();
        while (end > first && !encoder.tokenizer->isEndOfGeneration(current.tokens[end - 1]))
            --end;
        if (end > first) // what the template writes behind the end token is not the model's to say
            std::fill(current.isTrained.begin() + long(end), current.isTrained.end(), uint8_t(0));
    }
    if (!current.tokens.empty())
        texts.push_back(std::move(current));
    return texts;
}

Dataset readDataset(const std::vector<DataFile>& files, const TextEncoder& encoder, const DatasetOptions& options,
                    std::stop_token stop)
{
    Reader reader(encoder, options, std::move(stop));
    for (const DataFile& file : files)
        reader.read(file);
    if (!options.heldOutPath.empty()) {
        reader.beginHeldOut();
        reader.read({options.heldOutPath, DataFormat::automatic});
    }
    return reader.finish();
}

} // namespace sy::train
