// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/formats/tensor_source.h"
#include "engine/models/model.h"
#include "engine/train/adapter_set.h"

namespace sy::train {

/// Every tensor of a model as what is trained, in the model's own memory: the model must have been loaded from `source`, and
/// source.isShared(). What has no gradient (rotary factors, biases that only choose experts) stays as it is.
///
/// Throws Unsupported for a model that holds a matrix in a form of its own, joined or turned, which a step would not reach.
TrainedSet wholeModel(const models::Model& model, const formats::TensorSource& source);

/// Values to begin from nothing: norms 1, biases 0, matrices normal with a deviation of .02, those that write to the
/// residual 1 / sqrt(2 layers) of that (Radford et al. 2019); convolutions even in ±1 / sqrt(kernel), and heads of recurrent
/// layers forget at rates even in -16 ... -1, with steps of softplus(1) (Gu and Dao 2023, arXiv:2312.00752). The numbers
/// follow from the seed and the tensor's place alone.
void drawWeights(TrainedSet& set, uint64_t seed, int nLayers);

} // namespace sy::train
