// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

namespace sy::ops {

/// How the numbers between streams are balanced (Sinkhorn and Knopp 1967): softmax of each row, + epsilon, then columns and
/// rows divided by their sums + epsilon in turn, columns first and last. It remembers its steps for the way back.
class StreamBalance {
public:
    StreamBalance(int nStreams, int iterations, double epsilon);

    /// In place on (nStreams, nStreams).
    void run(double* across);

    /// The gradient of what went into the last run(), for that of what came out; in place.
    void back(double* d) const;

private:
    bool isOfRows(int step) const { return step % 2 == 1; }

    int m_n, m_nSteps; // divisions of all rows or of all columns
    double m_epsilon;
    std::vector<double> m_softmax;
    std::vector<double> m_results; // behind each step
    std::vector<double> m_sums;    // that it divided by
};

} // namespace sy::ops
