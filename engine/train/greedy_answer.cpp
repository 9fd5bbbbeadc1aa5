// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/greedy_answer.h"

#include "engine/core/error.h"
#include "engine/nn/kv_cache.h"

#include <algorithm>
#include <vector>

namespace sy::train {

std::string greedyAnswer(const ops::OpContext& context, models::Model& model, const nn::Adapter& adapter,
                         const tokenizer::Tokenizer& tokenizer, std::span<const int32_t> prompt, int64_t mostTokens,
                         generate::StepLock& lock, std::stop_token stop)
{
    constexpr size_t kStepTokens = 32; // of the prompt: short steps leave room for a chat
    nn::KvLayout layout = model.kvLayout();
    const auto nTokens = int64_t(prompt.size()) + mostTokens;
    nn::KvPool pool(layout, layout.pageBytes() * size_t(nTokens / nn::KvLayout::kPageTokens + 2));
    nn::KvSequence cache(pool);
    const auto step = [&](std::span<const int32_t> tokens) {
        if (stop.stop_requested())
            throw Cancelled();
        const generate::StepLock::Turn turn(lock);
        const models::SequenceStep sequence{&cache, tokens, models::LogitsWanted::last, nullptr, 1, {&adapter, 1}};
        const Tensor logits = model.step(context, {&sequence, 1});
        return int32_t(std::ranges::max_element(logits.values()) - logits.values().begin());
    };
    int32_t next = 0;
    for (size_t first = 0; first < prompt.size(); first += kStepTokens)
        next = step(prompt.subspan(first, std::min(kStepTokens, prompt.size() - first)));
    std::vector<int32_t> answer;
    while (!tokenizer.isEndOfGeneration(next) && int64_t(answer.size()) < mostTokens) {
        answer.push_back(next);
        next = step({&answer.back(), 1});
    }
    tokenizer::StreamDecoder decoder(tokenizer); // the last character may be cut
    std::string text;
    for (const int32_t id : answer)
        text += decoder.push(id);
    return text + decoder.finish();
}

} // namespace sy::train
