// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/dataset.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/cpu/thread_pool.h"
#include "engine/train/hash_list.h"
#include "engine/train/record_file.h"
#include "engine/train/row_texts.h"
#include "engine/train/training_rows.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace sy::train {

namespace {

using nlohmann::json;

constexpr size_t kBlockWeight = size_t(64) << 10; // of rows that are encoded together: hundreds of short ones, one long one

// About how much there is in a row: characters, and values.
size_t weightOf(const json& value)
{
    if (value.is_string())
        return value.get_ref<const std::string&>().size();
    size_t weight = 1;
    if (value.is_structured())
        for (const json& inner : value)
            weight += weightOf(inner);
    return weight;
}

class Reader {
public:
    Reader(const TextEncoder& encoder, const DatasetOptions& options, std::stop_token stop)
        : m_encoder(encoder), m_options(options), m_stop(std::move(stop)), m_pool(options.nThreads),
          m_kept(options.spoolFolder), m_keptHashes(options.spoolFolder), m_hashes(options.spoolFolder)
    {
        m_data.textsPerExample = isPreference(options.objective) ? 2 : 1;
        m_data.texts = TextStore(options.spoolFolder);
        m_data.heldOut = TextStore(options.spoolFolder);
    }

    /// Rows read from now on are held out, whatever the fraction says.
    void beginHeldOut() { m_firstHeldOut = m_kept.size(); }

    void read(const DataFile& file)
    {
        m_path = file.path;
        if (m_firstPath.empty())
            m_firstPath = m_path;
        m_rules = {file.format, m_options.objective, m_options.nVocabulary, m_options.contextLength};
        const auto use = [&](json row, int64_t number) {
            m_waitingWeight += weightOf(row);
            m_waiting.push_back({std::move(row), number, {}, {}});
            if (m_waitingWeight >= kBlockWeight)
                encodeWaiting();
        };
        try {
            readRows(file, use, {.stop = m_stop, .onRead = [this](uint64_t bytes) { tell(bytes); }});
        } catch (const Error&) {
            encodeWaiting(); // one of the rows before it may be wrong too
            throw;
        }
        encodeWaiting();
        m_bytesBefore += bytesOf(file.path);
    }

    /// Bytes of all files that will be read.
    void expect(const std::string& path) { m_bytes += bytesOf(path); }

    Dataset finish()
    {
        // A hash is below the limit for the same rows always.
        const double fraction = m_options.heldOutPath.empty() ? m_options.heldOutFraction : 0;
        const bool isSplit = double(m_hashes.size()) * fraction >= 1;
        const auto limit = isSplit ? uint64_t(std::ldexp(fraction, 64)) : uint64_t(0);
        const auto isHeldOut = [&](size_t i) { return i >= m_firstHeldOut || m_keptHashes[i] < limit; };
        for (const auto& [kept, preview] : m_previewed)
            m_data.preview[preview].kind = isHeldOut(kept) ? TextOutcome::Kind::heldOut : TextOutcome::Kind::used;
        DatasetReport& r = m_data.report;
        for (size_t i = 0; i < m_kept.size(); ++i) {
            stopWhenAsked();
            const bool isOut = isHeldOut(i);
            (isOut ? m_data.heldOut : m_data.texts).addFrom(m_kept, i);
            r.nTrainedTokens += isOut ? 0 : m_kept.length(i).nLabels;
        }
        r.nTexts = int64_t(m_data.texts.size());
        r.nTokens = m_data.texts.nTokens();
        r.nHeldOut = int64_t(m_data.heldOut.size());
        r.nDuplicates = m_hashes.countRepeated(m_stop);
        if (m_data.texts.empty())
            throw BadFile(m_firstPath, "nothing would be learned: of " + std::to_string(r.nRows) + " rows " +
                                           std::to_string(r.nTooLong) + " are longer than " +
                                           std::to_string(m_options.contextLength) + " tokens, " +
                                           std::to_string(r.nWithoutLabels) + " have no trained token and " +
                                           std::to_string(r.nHeldOut) + " are held out");
        Sha256 hash;
        for (const TextStore* texts : {&m_data.texts, &m_data.heldOut}) {
            for (const TrainingText& text : *texts) {
                stopWhenAsked();
                addTo(hash, text);
            }
        }
        m_data.sha256 = hash.hex();
        return std::move(m_data);
    }

private:
    struct Row {
        json row;
        int64_t number = 0;
        RowTexts texts;
        std::exception_ptr problem;
    };

    static uint64_t bytesOf(const std::string& path)
    {
        std::error_code unknown; // what cannot be read is told when it is read
        const uintmax_t bytes = std::filesystem::file_size(path, unknown);
        return unknown ? 0 : uint64_t(bytes);
    }

    void tell(uint64_t bytes) const
    {
        if (m_options.onRead && m_bytes > 0)
            m_options.onRead(std::min(m_bytesBefore + bytes, m_bytes), m_bytes);
    }

    void stopWhenAsked() const
    {
        if (m_stop.stop_requested())
            throw Cancelled();
    }

    // Several at a time; what comes of them is taken in their order.
    void encodeWaiting()
    {
        std::vector<Row> rows = std::exchange(m_waiting, {});
        m_waitingWeight = 0;
        m_pool.parallelFor(int64_t(rows.size()), 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end && !m_stop.stop_requested(); ++i)
                encode(rows[size_t(i)]);
        });
        stopWhenAsked();
        for (Row& row : rows) {
            if (row.problem)
                std::rethrow_exception(row.problem);
            take(std::move(row.texts), row.number);
        }
    }

    void encode(Row& row) const
    {
        const std::string number = std::to_string(row.number);
        try {
            row.texts = encodeRow(row.row, m_encoder, m_rules);
            row.row = nullptr; // giving it back takes as long as some rows take to encode
        } catch (const Unsupported& error) {
            row.problem =
                std::make_exception_ptr(Unsupported(m_path + ", row " + number + ": " + error.thing, error.reason));
        } catch (const Error&) {
            row.problem = std::current_exception();
        } catch (const std::runtime_error& error) {
            row.problem = std::make_exception_ptr(BadFile(m_path, "row " + number + " " + error.what()));
        } catch (...) {
            row.problem = std::current_exception();
        }
    }

    void take(RowTexts row, int64_t number)
    {
        ++m_data.report.nRows;
        ++m_data.report.formats[formatName(row.format)];
        m_data.report.personal += row.personal;
        for (const Example& example : row.examples)
            add(example, number);
    }

    void add(const Example& example, int64_t number)
    {
        using Kind = TextOutcome::Kind;
        std::vector<Kind> kinds;
        for (const TrainingText& text : example.texts) {
            const auto nTokens = int64_t(text.tokens.size());
            m_data.report.longestTokens = std::max(m_data.report.longestTokens, nTokens);
            kinds.push_back(text.nLabels() == 0                 ? Kind::nothingTrained
                            : nTokens > m_options.contextLength ? Kind::tooLong
                                                                : Kind::used);
        }
        if (isPreference(m_options.objective)) // one alone teaches nothing
            kinds.assign(kinds.size(), std::ranges::max(kinds));
        m_hashes.add(example.hash);
        for (size_t i = 0; i < example.texts.size(); ++i)
            addOne(example, example.texts[i], {kinds[i], m_path, number, int64_t(example.texts[i].tokens.size()), {}});
    }

    void addOne(const Example& example, const TrainingText& text, const TextOutcome& outcome)
    {
        DatasetReport& r = m_data.report;
        r.nWithoutLabels += outcome.kind == TextOutcome::Kind::nothingTrained;
        r.nTooLong += outcome.kind == TextOutcome::Kind::tooLong;
        const bool isKept = outcome.kind == TextOutcome::Kind::used;
        if (!isKept && m_data.dropped.size() < kMostDropped)
            m_data.dropped.push_back(outcome);
        if (m_hashes.size() <= size_t(kPreviewRows)) {
            if (isKept)
                m_previewed.push_back({m_kept.size(), m_data.preview.size()});
            m_data.preview.push_back(outcome);
            m_data.preview.back().text = text;
        }
        if (!isKept)
            return;
        if (example.isConversation) {
            const auto last = std::find(text.isTrained.rbegin(), text.isTrained.rend(), uint8_t(1));
            r.nWithoutEnd += !m_encoder.tokenizer->isEndOfGeneration(text.tokens[size_t(text.isTrained.rend() - last) - 1]);
        }
        m_kept.add(text);
        m_keptHashes.add(example.hash);
    }

    const TextEncoder& m_encoder;
    DatasetOptions m_options;
    std::stop_token m_stop;
    cpu::ThreadPool m_pool; // not the models': a chat would wait behind every block
    std::string m_path, m_firstPath;
    uint64_t m_bytes = 0, m_bytesBefore = 0; // of all files, and of those that have been read
    RowRules m_rules;
    std::vector<Row> m_waiting;
    size_t m_waitingWeight = 0;
    TextStore m_kept; // may be trained; which of them are held out is known when all rows are
    RecordFile<uint64_t> m_keptHashes;
    HashList m_hashes; // of all examples
    size_t m_firstHeldOut = SIZE_MAX;
    std::vector<std::pair<size_t, size_t>> m_previewed; // of m_kept, and its place in Dataset::preview
    Dataset m_data;
};

} // namespace

Dataset readDataset(const std::vector<DataFile>& files, const TextEncoder& encoder, const DatasetOptions& options,
                    std::stop_token stop)
{
    Reader reader(encoder, options, std::move(stop));
    for (const DataFile& file : files)
        reader.expect(file.path);
    if (!options.heldOutPath.empty())
        reader.expect(options.heldOutPath);
    for (const DataFile& file : files)
        reader.read(file);
    if (!options.heldOutPath.empty()) {
        reader.beginHeldOut();
        reader.read({options.heldOutPath});
    }
    return reader.finish();
}

} // namespace sy::train
