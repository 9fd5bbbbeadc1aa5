// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sy::train {

double rateAt(const Schedule& s, int64_t step)
{
    if (step < s.warmupSteps)
        return s.rate * double(step + 1) / double(s.warmupSteps);
    if (s.form == Schedule::Form::constant)
        return s.rate;
    const double length = double(std::max<int64_t>(1, s.nSteps - s.warmupSteps));
    const double t = std::clamp(double(step - s.warmupSteps) / length, 0.0, 1.0);
    const double left = s.form == Schedule::Form::linear ? 1 - t : 0.5 * (1 + std::cos(std::numbers::pi * t));
    return s.rate * (s.finalShare + (1 - s.finalShare) * left);
}

} // namespace sy::train
