// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/thread_pool.h"
#include "engine/train/adapter_set.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sy::train {

/// The square root of the sum of squares of all gradients, in double, in one order.
double gradientNorm(cpu::ThreadPool& pool, TrainedSet& set);

/// Gradients *= min(1, limit / (norm + 1e-6)), the norm being gradientNorm()'s.
void clipGradients(cpu::ThreadPool& pool, TrainedSet& set, double norm, double limit);

struct AdamWSettings {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8; // outside the root
    double weightDecay = 0.01;
    double rateOfB = 1;        // of lora_b over that of the rest: LoRA+ (Hayou et al. 2024, arXiv:2402.12354)
    bool decaysVectors = true; // norms and biases of a model that is trained whole do not decay
    bool isPacked = false;     // state in a byte a number: packed_state.h
};

/// What AdamW keeps of one parameter.
struct AdamWState {
    Tensor mean;                     // f32, or packed i8; shape of the parameter
    Tensor square;                   // f32; packed: the root of it
    Tensor meanScales, squareScales; // packed: (experts or 1, blocks of one) f32
    std::vector<int64_t> stepsDone;  // one, or one for each expert of a parameter (nExperts, ...)
};

/// Adam with decay apart from the gradient, bias-corrected. Loshchilov and Hutter 2017, arXiv:1711.05101.
///
///     p *= 1 - rate * decay;  p -= rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// An expert that had no token since the last step keeps its values, its state and its own count t: momentum and decay
/// would move it otherwise. Magnitudes do not decay.
class AdamW {
public:
    explicit AdamW(AdamWSettings settings = {}) : m_settings(settings) {}

    /// Takes one step with the set's gradients, and empties them and the counts of tokens.
    void step(cpu::ThreadPool& pool, TrainedSet& set, double rate);

    /// What it begins with for a parameter.
    AdamWState newState(const autograd::Parameter& p) const;

    /// By the parameters' names; to be saved and put back.
    std::map<std::string, AdamWState>& states() { return m_states; }

private:
    void stepOne(cpu::ThreadPool& pool, autograd::Parameter& p, const std::vector<int64_t>* expertTokens, double rate,
                 double weightDecay);

    AdamWSettings m_settings;
    std::map<std::string, AdamWState> m_states;
};

} // namespace sy::train
