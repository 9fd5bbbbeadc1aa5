// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sy {
class Tensor;
}

namespace sy::nn {

/// Hears of each layer of a step, on the thread that steps. May throw: the step is then abandoned and its caches are as
/// before.
class LayerObserver {
public:
    virtual ~LayerObserver() = default;

    /// hidden: the residual stream behind the layer, f32, of whatever rows go on.
    virtual void layerDone(int layer, const Tensor& hidden) = 0;
};

} // namespace sy::nn
