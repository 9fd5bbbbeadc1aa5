// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::train {

/// The learning rate over a run: rises in equal steps to its full value during warm-up, then falls to finalShare of it.
struct Schedule {
    enum class Form : uint8_t { constant, linear, cosine } form = Form::cosine;
    double rate = 2e-4;
    int64_t warmupSteps = 10;
    int64_t nSteps = 100;
    double finalShare = 0.1;
};

/// The rate of step i = 0 ... nSteps-1; later steps keep the last form's end.
double rateAt(const Schedule& schedule, int64_t step);

} // namespace sy::train
