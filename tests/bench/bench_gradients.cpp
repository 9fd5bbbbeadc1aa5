// SPDX-License-Identifier: GPL-3.0-or-later
// The delta rule's way back beside the way back through the largest matrix of its layer, in the shape of Qwen 3.5's 0.8 billion
// parameters.      bench_gradients [tokens] [threads]
#include "engine/ops/gated_delta/gated_delta_grad.h"
#include "engine/ops/gemm/gemm.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>

using namespace sy;

namespace {

Tensor numbers(Shape shape, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    Tensor t = Tensor::empty(shape);
    for (int64_t i = 0; i < t.count(); ++i)
        t.f32()[i] = normal(random);
    return t;
}

void measure(const char* what, const std::function<void()>& run)
{
    double least = 1e9, most = 0;
    for (int repeat = 0; repeat < 7; ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        run();
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        least = std::min(least, seconds);
        most = std::max(most, seconds);
    }
    std::printf("%-40s %7.1f ms, at most %7.1f\n", what, least * 1e3, most * 1e3);
}

} // namespace

int main(int argc, char** argv)
{
    const int64_t nTokens = argc > 1 ? std::atoll(argv[1]) : 1024;
    cpu::ThreadPool pool(argc > 2 ? std::atoi(argv[2]) : cpu::physicalCores());
    const ops::OpContext context{pool};
    const ops::GatedDeltaConfig config{16, 16, 128, 128, 1e-6f};
    const Tensor qkv = numbers({nTokens, 6144}, 1), dy = numbers({nTokens, 2048}, 2);
    Tensor decay = numbers({nTokens, 16}, 3), beta = numbers({nTokens, 16}, 4);
    for (int64_t i = 0; i < decay.count(); ++i) {
        decay.f32()[i] = -0.3f * std::abs(decay.f32()[i]);
        beta.f32()[i] = 1 / (1 + std::exp(-beta.f32()[i]));
    }
    const Tensor weight = numbers({6144, 1024}, 5), dProducts = numbers({nTokens, 6144}, 6);
    Tensor dx = Tensor::empty({nTokens, 1024});
    std::printf("%s, %d threads, %lld tokens\n", cpu::levelName(context.level).data(), pool.nThreads(), (long long)nTokens);
    measure("16 heads of 128 x 128, delta rule",
            [&] { (void)ops::packedGatedDeltaGrad(context, config, qkv, decay, beta, {{nTokens}}, dy); });
    measure("the same, forward", [&] { (void)ops::packedGatedDelta(context, config, qkv, decay, beta, {{nTokens}}); });
    measure("6144 x 1024, floats",
            [&] { ops::gemmWeight(context, ops::viewOf(dProducts), weight, ops::targetOf(dx)); });
}
