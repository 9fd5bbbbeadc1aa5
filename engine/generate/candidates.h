// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sy::generate {

struct Candidate {
    int32_t id;
    float logit;
};

/// Better logit first; of equals the lower id, so that ties never depend on how a selection was carried out.
inline bool isBetter(const Candidate& a, const Candidate& b)
{
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

/// The tokens that may still be chosen. It begins as the whole vocabulary, where a full sort would cost ten milliseconds, and
/// becomes a short list at the first truncation; samplers handle both.
class Candidates {
public:
    /// logits is borrowed and may be changed through logits() until a list has been made.
    explicit Candidates(std::span<float> logits) : m_logits(logits) {}

    bool isList() const { return m_isList; }
    size_t size() const { return m_isList ? m_list.size() : m_logits.size(); }
    std::span<float> logits() { return m_logits; }          // while !isList()
    std::vector<Candidate>& list() { return m_list; }       // once isList(), in any order
    const std::vector<Candidate>& list() const { return m_list; }

    float best() const; // the highest logit; -infinity when nothing is possible

    /// Keeps the k best, sorted.
    void keepBest(size_t k);

    /// Keeps logits of at least `threshold`.
    void keepAtLeast(float threshold);

    /// Keeps the fewest best tokens whose probabilities reach `mass` of the total.
    void keepMass(double mass);

private:
    std::vector<Candidate> atLeast(float threshold) const;
    void cutList(double wanted, float top); // sorts; wanted: sum of e^(logit - top) to reach

    std::span<float> m_logits;
    std::vector<Candidate> m_list;
    bool m_isList = false;
};

bool hasNan(std::span<const float> values) noexcept;

/// The highest value; NaN is passed over. -infinity for an empty row.
float highest(std::span<const float> values) noexcept;

/// Sum of e^((x - shift) * scale) over all values, relative error about 1e-6. NaN counts as nothing.
double sumExp(std::span<const float> values, float shift, float scale = 1.0f) noexcept;

} // namespace sy::generate
