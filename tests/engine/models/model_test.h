// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests of models share: loading a file, feeding tokens in pieces, distances.
#pragma once

#include "../../fixtures.h"
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/models/model_table.h"

#include <QString>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

namespace sy::test {

/// What loading a model throws, which must be of the class E.
template <class E>
QString messageOf(const std::shared_ptr<const formats::TensorSource>& source)
{
    try {
        models::loadModel(source);
        return "loaded";
    } catch (const E& error) {
        return QString::fromUtf8(error.what());
    } catch (const std::exception& error) {
        return QString("another exception: ") + error.what();
    }
}

inline std::unique_ptr<models::Model> loadFile(const std::filesystem::path& path)
{
    return models::loadModel(std::make_shared<formats::GgufFile>(formats::GgufFile::open(path)));
}

/// A file whose metadata a test has changed.
class EditedSource final : public formats::TensorSource {
public:
    explicit EditedSource(const std::filesystem::path& path) : m_file(formats::GgufFile::open(path)), m_metadata(m_file.metadata()) {}
    bool has(std::string_view name) const override
    {
        return m_replaced.contains(name) || (!m_hidden.contains(name) && m_file.has(name));
    }
    Tensor get(std::string_view name) const override
    {
        if (const auto replaced = m_replaced.find(name); replaced != m_replaced.end())
            return replaced->second;
        if (m_hidden.contains(name))
            throw BadFile(m_metadata.source(), "tensor " + std::string(name) + " is missing");
        return m_file.get(name);
    }
    const formats::Metadata& metadata() const override { return m_metadata; }

    formats::Metadata& edit() { return m_metadata; }
    void hide(const std::string& name) { m_hidden.insert(name); }
    void replace(const std::string& name, Tensor tensor) { m_replaced[name] = std::move(tensor); }

private:
    formats::GgufFile m_file;
    formats::Metadata m_metadata;
    std::set<std::string, std::less<>> m_hidden;
    std::map<std::string, Tensor, std::less<>> m_replaced;
};

/// The tokens that the expected outputs of the tiny models belong to.
inline std::vector<int32_t> goldenTokens()
{
    std::vector<int32_t> ids;
    uint32_t x = 7;
    for (int i = 0; i < 40; ++i) {
        x = x * 1664525 + 1013904223;
        ids.push_back(int32_t((x >> 8) % 256));
    }
    return ids;
}

/// A pool for nTokens, in F32 unless told otherwise.
inline std::unique_ptr<nn::KvPool> poolFor(const models::Model& model, int64_t nTokens, DType dtype = DType::F32)
{
    nn::KvLayout layout = model.kvLayout();
    layout.dtype = dtype;
    return std::make_unique<nn::KvPool>(layout, layout.pageBytes() * size_t(nTokens / nn::KvLayout::kPageTokens + 2));
}

/// The logits of all positions, with the tokens fed in pieces of the given sizes, the last size again and again.
inline std::vector<float> allLogits(models::Model& model, const ops::OpContext& context, nn::KvSequence& cache,
                                    std::span<const int32_t> tokens, const std::vector<size_t>& pieces,
                                    const nn::AdapterUse& adapter = {})
{
    std::vector<float> logits;
    for (size_t done = 0, i = 0; done < tokens.size(); ++i) {
        const size_t n = std::min(pieces[std::min(i, pieces.size() - 1)], tokens.size() - done);
        const models::SequenceStep step{&cache, tokens.subspan(done, n), models::LogitsWanted::all, nullptr, 1, adapter};
        const Tensor rows = model.step(context, {&step, 1});
        logits.insert(logits.end(), rows.values().begin(), rows.values().end());
        done += n;
    }
    return logits;
}

/// Sum of squared differences over sum of squares.
inline double normalizedError(std::span<const float> values, std::span<const float> expected)
{
    double difference = 0, total = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
        const double d = double(i < values.size() ? values[i] : NAN) - double(expected[i]);
        difference += d * d;
        total += double(expected[i]) * double(expected[i]);
    }
    return difference / total;
}

/// Of all elements; infinite when there are more of one than of the other.
inline double largestDifference(std::span<const float> values, std::span<const float> expected)
{
    double largest = values.size() == expected.size() ? 0 : INFINITY;
    for (size_t i = 0; i < std::min(values.size(), expected.size()); ++i)
        largest = std::max(largest, std::fabs(double(values[i]) - double(expected[i])));
    return largest;
}

} // namespace sy::test
