// SPDX-License-Identifier: GPL-3.0-or-later
// The matrix products of one forward pass over a real file's weights, nothing else: how near the kernels come to the machine's
// limits.      bench_matmul MODEL.gguf [threads] [tokens …]
#include "engine/formats/gguf.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/weight_arena.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

using namespace sy;

namespace {

// All products of one pass over n tokens.
void measure(const ops::OpContext& context, const std::vector<Tensor>& weights, const Tensor& head, int64_t n)
{
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::map<int64_t, Tensor> inputs;
    for (const Tensor& w : weights) {
        if (inputs.contains(w.cols()))
            continue;
        std::vector<float> x(size_t(n * w.cols()));
        for (float& v : x)
            v = normal(random);
        inputs[w.cols()] = Tensor::of(x, {n, w.cols()});
    }
    double best = 1e9, bytes = 0, ops = 0;
    for (int repeat = 0; repeat < (n > 64 ? 3 : 6); ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        bytes = ops = 0;
        for (const Tensor& w : weights) {
            (void)ops::matmul(context, ops::MatmulInput(inputs[w.cols()]), w);
            bytes += double(w.bytes());
            ops += 2.0 * double(w.count()) * double(n);
        }
        const Tensor last = inputs[head.cols()].rowRange(0, n <= 16 ? n : 1); // prefill needs one row of logits
        (void)ops::matmul(context, ops::MatmulInput(last), head);
        bytes += double(head.bytes());
        ops += 2.0 * double(head.count()) * double(last.rows());
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::printf("%4lld tokens: %8.2f ms  %7.1f tokens/s  %6.1f GB/s  %7.1f GOP/s\n", (long long)n, best * 1e3, double(n) / best,
                bytes / best / 1e9, ops / best / 1e9);
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 2)
        return 2;
    const auto file = formats::GgufFile::open(argv[1]);
    cpu::ThreadPool pool(argc > 2 ? std::atoi(argv[2]) : cpu::physicalCores());
    const ops::OpContext context{pool};
    std::vector<int64_t> batches;
    for (int i = 3; i < argc; ++i)
        batches.push_back(std::atoll(argv[i]));
    if (batches.empty())
        batches = {1, 2, 4, 8, 32, 512};

    std::vector<Tensor> weights;
    for (const auto& info : file.tensors())
        if (info.shape.rank() == 2 && info.name.starts_with("blk."))
            weights.push_back(file.tensor(info.name));
    Tensor head = file.has("output.weight") ? file.tensor("output.weight") : file.tensor("token_embd.weight");

    std::printf("%s, %d threads\nas in the file\n", cpu::levelName(context.level).data(), pool.nThreads());
    for (const int64_t n : batches)
        measure(context, weights, head, n);
    const auto packing = std::chrono::steady_clock::now();
    size_t packed = ops::packedBytes(head);
    for (const Tensor& w : weights)
        packed += ops::packedBytes(w);
    ops::WeightArena arena(packed);
    for (Tensor& w : weights)
        w = arena.pack(context, w);
    head = arena.pack(context, head);
    std::printf("%.0f MB packed in %.0f ms\n", double(packed) / 1e6,
                std::chrono::duration<double>(std::chrono::steady_clock::now() - packing).count() * 1e3);
    std::printf("packed\n");
    for (const int64_t n : batches)
        measure(context, weights, head, n);
}
