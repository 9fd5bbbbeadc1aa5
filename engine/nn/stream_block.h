// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/compressed_attention.h"
#include "engine/nn/hyper_connections.h"
#include "engine/nn/moe_feed_forward.h"

namespace sy::nn {

/// A layer of DeepSeek V4, whose residual is several streams: attention and experts each read one vector of them and write
/// theirs to all, see HyperConnection.
struct StreamBlock {
    HyperConnection attentionStreams;
    Tensor attentionNorm; // (dim)
    CompressedAttention attention;
    HyperConnection feedForwardStreams;
    Tensor feedForwardNorm; // (dim)
    MoeFeedForward feedForward;
    float epsilon = 0; // of the two norms
    int rope = 0;      // which of the model's RoPEs the attention takes: layers with compressed keys have another
};

} // namespace sy::nn
