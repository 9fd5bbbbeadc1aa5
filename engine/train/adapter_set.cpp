// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/adapter_set.h"

#include <stdexcept>

namespace sy::train {

namespace {

bool isPerExpert(const Tensor& factor)
{
    return factor.shape().rank() == 3;
}

} // namespace

UpdatePart rowsOf(TrainedMatrix& m, int64_t firstRow, int64_t nRows)
{
    return {{m.a.value, m.b.value.rowRange(firstRow, nRows), m.scale}, m.a.sum(), m.b.sum().rowRange(firstRow, nRows)};
}

UpdatePart expertOf(TrainedMatrix& m, int64_t expert)
{
    const auto slice = [&](const Tensor& factor) {
        if (!isPerExpert(factor))
            return factor;
        const int64_t height = factor.shape()[1];
        return factor.rowRange(m.placeOf(expert) * height, height);
    };
    return {{slice(m.a.value), slice(m.b.value), m.scale}, slice(m.a.sum()), slice(m.b.sum())};
}

TrainedMatrix* TrainedSet::update(std::string_view name)
{
    const auto found = updates.find(name);
    return found == updates.end() ? nullptr : &found->second;
}

autograd::Parameter* TrainedSet::tensor(std::string_view name)
{
    const auto found = tensors.find(name);
    return found == tensors.end() ? nullptr : &found->second;
}

std::vector<autograd::Parameter*> TrainedSet::parameters()
{
    std::vector<autograd::Parameter*> all;
    for (auto& [name, matrix] : updates) {
        all.push_back(&matrix.a);
        all.push_back(&matrix.b);
        if (matrix.hasMagnitude())
            all.push_back(&matrix.magnitude);
    }
    for (auto& [name, parameter] : tensors)
        all.push_back(&parameter);
    return all;
}

TrainedMatrix& addUpdate(TrainedSet& set, const std::string& name, Tensor a, Tensor b, float scale, Tensor magnitude)
{
    const int64_t rank = a.shape().rank() == 3 ? a.shape()[1] : a.rows();
    const bool agrees = rank == b.cols() && (!isPerExpert(a) || !isPerExpert(b) || a.shape()[0] == b.shape()[0]) &&
                        (!magnitude || (!isPerExpert(a) && !isPerExpert(b) && magnitude.count() == b.rows()));
    if (!agrees || rank < 1)
        throw std::invalid_argument("update of " + name + ": factors " + toString(a.shape()) + " and " +
                                    toString(b.shape()));
    TrainedMatrix matrix;
    const std::string tensor = name + ".weight"; // as adapter files have it
    matrix.a = {tensor + ".lora_a", std::move(a), {}};
    matrix.b = {tensor + ".lora_b", std::move(b), {}};
    matrix.magnitude = {tensor + ".lora_magnitude_vector", std::move(magnitude), {}};
    matrix.scale = scale;
    matrix.index = uint32_t(set.updates.size());
    if (isPerExpert(matrix.a.value) || isPerExpert(matrix.b.value))
        matrix.expertTokens.assign(size_t((isPerExpert(matrix.a.value) ? matrix.a : matrix.b).value.shape()[0]), 0);
    return set.updates[name] = std::move(matrix);
}

} // namespace sy::train
