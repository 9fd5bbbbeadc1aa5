// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/dataset.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/train/row_format.h"
#include "engine/train/training_rows.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
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
        m_data.textsPerExample = isPreference(options.objective) ? 2 : 1;
    }

    /// Rows read from now on are held out, whatever the fraction says.
    void beginHeldOut() { m_isHeldOutFile = true; }

    void read(const DataFile& file)
    {
        m_path = file.path;
        if (m_firstPath.empty())
            m_firstPath = m_path;
        readRows(file, [&](const json& row, int64_t number) {
            m_row = number;
            add(row, file.format);
        });
    }

    Dataset finish()
    {
        DatasetReport& r = m_data.report;
        // A hash is below the limit for the same rows always.
        const double fraction = m_options.heldOutPath.empty() ? m_options.heldOutFraction : 0;
        const auto limit = double(m_nExamples) * fraction >= 1 ? uint64_t(std::ldexp(fraction, 64)) : uint64_t(0);
        for (Kept& kept : m_kept) {
            const bool isHeldOut = kept.isHeldOutFile || kept.rowHash < limit;
            if (kept.preview >= 0)
                m_data.preview[size_t(kept.preview)].kind = isHeldOut ? TextOutcome::Kind::heldOut : TextOutcome::Kind::used;
            r.nHeldOut += isHeldOut;
            if (!isHeldOut) {
                ++r.nTexts;
                r.nTokens += int64_t(kept.text.tokens.size());
                r.nTrainedTokens += kept.text.nLabels();
            }
            (isHeldOut ? m_data.heldOut : m_data.texts).push_back(std::move(kept.text));
        }
        if (m_data.texts.empty())
            throw BadFile(m_firstPath, "nothing would be learned: of " + std::to_string(r.nRows) + " rows " +
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

    void add(const json& row, DataFormat format)
    {
        if (m_stop.stop_requested())
            throw Cancelled();
        if (!row.is_object())
            bad("is no object");
        if (format == DataFormat::automatic || format == DataFormat::csv)
            format = recognizeRow(row);
        if (format == DataFormat::automatic) {
            std::string keys;
            for (const auto& [key, value] : row.items())
                keys += (keys.empty() ? "" : ", ") + key;
            bad("is of no known format; its keys are " + keys);
        }
        if ((format == DataFormat::preference) != isPreference(m_options.objective))
            bad(format == DataFormat::preference ? "is a preference, which the objectives dpo and orpo learn from"
                                                 : "is no preference, which this objective learns from");
        ++m_data.report.nRows;
        ++m_data.report.formats[formatName(format)];
        if (format == DataFormat::tokens) {
            addExample({tokens(row)}, false);
            return;
        }
        try {
            addContent(readRow(row, format));
        } catch (const Unsupported& error) {
            throw Unsupported(m_path + ", row " + std::to_string(m_row) + ": " + error.thing, error.reason);
        } catch (const Error&) {
            throw;
        } catch (const std::runtime_error& error) {
            bad(error.what());
        }
    }

    void addContent(const RowContent& content)
    {
        for (const ordered_json* messages : {&content.messages, &content.otherMessages})
            for (const ordered_json& message : *messages)
                m_data.report.personal += findPersonalData(message["content"].get_ref<const std::string&>());
        if (content.text) {
            m_data.report.personal += findPersonalData(*content.text);
            addText(*content.text);
            return;
        }
        if (!m_encoder.tokenizer || !m_encoder.chatTemplate)
            throw Unsupported("training a conversation", "the model has no chat template");
        if (isPreference(m_options.objective)) {
            // Both end with the answer that counts, whatever the template makes of the turns before.
            std::vector<TrainingText> chosen = encodeConversation(m_encoder, content.messages),
                                      rejected = encodeConversation(m_encoder, content.otherMessages);
            std::vector<TrainingText> pair = {std::move(chosen.back()), std::move(rejected.back())};
            if (pair[0].tokens == pair[1].tokens) // nothing to prefer
                for (TrainingText& text : pair)
                    text.isTrained.assign(text.isTrained.size(), 0);
            addExample(std::move(pair), true);
            return;
        }
        std::vector<TrainingText> texts = encodeConversation(m_encoder, content.messages);
        if (m_options.objective == Objective::pretrain)
            for (TrainingText& text : texts)
                text.isTrained.assign(text.isTrained.size(), 1);
        addExample(std::move(texts), m_options.objective == Objective::sft);
    }

    void addText(const std::string& text)
    {
        if (!m_encoder.tokenizer)
            throw Unsupported("training plain text", "the model has no tokenizer");
        std::vector<int32_t> ids = m_encoder.tokenizer->encode(text, {.addSpecial = true});
        const int32_t end = m_encoder.tokenizer->eos();
        if (end >= 0 && (ids.empty() || ids.back() != end))
            ids.push_back(end);
        const auto most = size_t(m_options.contextLength);
        for (size_t first = 0; first == 0 || first + 1 < ids.size(); first += most - 1) {
            const size_t last = std::min(first + most, ids.size());
            TrainingText piece;
            piece.tokens.assign(ids.begin() + long(first), ids.begin() + long(last));
            piece.isTrained.assign(piece.tokens.size(), 1);
            addExample({std::move(piece)}, false);
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

    // Texts that are held out, and of preferences left out, together.
    void addExample(std::vector<TrainingText> texts, bool isConversation)
    {
        using Kind = TextOutcome::Kind;
        Sha256 hash;
        std::vector<Kind> kinds;
        for (const TrainingText& text : texts) {
            addTo(hash, text);
            const auto nTokens = int64_t(text.tokens.size());
            m_data.report.longestTokens = std::max(m_data.report.longestTokens, nTokens);
            kinds.push_back(text.nLabels() == 0                 ? Kind::nothingTrained
                            : nTokens > m_options.contextLength ? Kind::tooLong
                                                                : Kind::used);
        }
        if (isPreference(m_options.objective)) // one alone teaches nothing
            kinds.assign(kinds.size(), std::ranges::max(kinds));
        const uint64_t rowHash = std::stoull(hash.hex().substr(0, 16), nullptr, 16);
        m_data.report.nDuplicates += !m_rowHashes.insert(rowHash).second;
        ++m_nExamples;
        for (size_t i = 0; i < texts.size(); ++i)
            addOne(std::move(texts[i]), kinds[i], rowHash, isConversation);
    }

    void addOne(TrainingText t, TextOutcome::Kind kind, uint64_t rowHash, bool isConversation)
    {
        DatasetReport& r = m_data.report;
        TextOutcome outcome{kind, m_path, m_row, int64_t(t.tokens.size()), {}};
        r.nWithoutLabels += kind == TextOutcome::Kind::nothingTrained;
        r.nTooLong += kind == TextOutcome::Kind::tooLong;
        const bool isKept = kind == TextOutcome::Kind::used;
        if (!isKept && m_data.dropped.size() < kMostDropped)
            m_data.dropped.push_back(outcome);
        int64_t preview = -1;
        if (m_nExamples <= kPreviewRows) {
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
    int64_t m_nExamples = 0;
    bool m_isHeldOutFile = false;
    std::vector<Kept> m_kept;
    std::unordered_set<uint64_t> m_rowHashes;
    Dataset m_data;
};

} // namespace

Dataset readDataset(const std::vector<DataFile>& files, const TextEncoder& encoder, const DatasetOptions& options,
                    std::stop_token stop)
{
    Reader reader(encoder, options, std::move(stop));
    for (const DataFile& file : files)
        reader.read(file);
    if (!options.heldOutPath.empty()) {
        reader.beginHeldOut();
        reader.read({options.heldOutPath});
    }
    return reader.finish();
}

} // namespace sy::train
