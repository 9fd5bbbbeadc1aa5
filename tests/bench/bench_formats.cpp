// SPDX-License-Identifier: GPL-3.0-or-later
// The int8 product of each format on one core, weights in cache: operations a cycle (one multiply-add is two). Counts the
// thread's own time and takes the best of many short runs, so that it can be read on a machine with other work.
//      bench_formats [TYPE] [rows] [columns]
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/tile.h"
#include "engine/ops/matmul/weight_arena.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string_view>

using namespace sy;

namespace {

double threadSeconds()
{
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

template <class Work>
double bestSeconds(int nRuns, Work&& work)
{
    double best = 1e9;
    for (int i = 0; i < nRuns; ++i) {
        const double start = threadSeconds();
        work();
        best = std::min(best, threadSeconds() - start);
    }
    return best;
}

// A chain of additions runs at one a cycle.
double cyclesPerSecond()
{
    constexpr int kRounds = 100000;
    return 8.0 * kRounds / bestSeconds(50, [] {
               uint64_t x = 1;
               for (int i = 0; i < kRounds; ++i)
                   for (int j = 0; j < 8; ++j)
                       asm volatile("add $1, %0" : "+r"(x));
           });
}

} // namespace

int main(int argc, char** argv)
{
    const std::string_view only = argc > 1 ? argv[1] : "";
    const int64_t rows = argc > 2 ? std::atoll(argv[2]) : 64;
    const int64_t cols = argc > 3 ? std::atoll(argv[3]) : 1536;
    cpu::ThreadPool pool(1);
    const ops::OpContext context{pool};
    const double hz = cyclesPerSecond();
    std::printf("%s, %.2f GHz; operations a cycle by tokens, GB/s of weights for one token\n",
                cpu::levelName(context.level).data(), hz / 1e9);
    for (const quant::QuantType& type : quant::quantTypes()) {
        if (!ops::findTileFormat(type.dtype) || (!only.empty() && only != type.name))
            continue;
        std::mt19937 random(1);
        const size_t bytes = size_t(quant::rowBytes(type.dtype, cols) * rows);
        const auto memory = std::make_shared<std::vector<std::byte>>(bytes);
        for (std::byte& b : *memory) // moderate halves; exponents of MXFP4 around 1
            b = std::byte(type.dtype == DType::MXFP4 ? 112 + random() % 16 : random() & 0x3B);
        const Tensor weight = Tensor::wrap(memory->data(), bytes, {rows, cols}, type.dtype, memory);
        ops::WeightArena arena(ops::packedBytes(weight));
        const Tensor packed = arena.pack(context, weight);
        std::printf("%-7s", type.name.data());
        for (const int64_t n : {1, 2, 4, 8, 32, 512}) {
            std::normal_distribution<float> normal;
            std::vector<float> x(size_t(n * cols));
            for (float& v : x)
                v = normal(random);
            const ops::MatmulInput input(Tensor::of(x, {n, cols}));
            (void)input.quantized(context); // once for all products of an input
            const double seconds = bestSeconds(n >= 512  ? 40
                                               : n >= 32 ? 100
                                                         : 2000,
                                               [&] { (void)ops::matmul(context, input, packed); });
            std::printf("  %lld: %5.1f", (long long)n, 2.0 * double(rows * cols * n) / seconds / hz);
            if (n == 1)
                std::printf(" (%.1f GB/s)", double(bytes) / seconds / 1e9);
        }
        std::printf("\n");
        std::fflush(stdout);
    }
}
