// SPDX-License-Identifier: GPL-3.0-or-later
// The loaders that model_table.cpp lists, each in the file of its name. They throw as loadModel says.
#pragma once

#include "engine/formats/tensor_source.h"
#include "engine/models/model.h"

#include <memory>

namespace sy::models {

std::unique_ptr<Model> loadBert(const formats::TensorSource& source);
std::unique_ptr<Model> loadDeepSeek(const formats::TensorSource& source);
std::unique_ptr<Model> loadDeepSeek2(const formats::TensorSource& source);
std::unique_ptr<Model> loadDeepSeek4(const formats::TensorSource& source);
std::unique_ptr<Model> loadGemma3(const formats::TensorSource& source);
std::unique_ptr<Model> loadGemmaEmbedding(const formats::TensorSource& source);
std::unique_ptr<Model> loadGptOss(const formats::TensorSource& source);
std::unique_ptr<Model> loadLlama(const formats::TensorSource& source);
std::unique_ptr<Model> loadNomicBert(const formats::TensorSource& source);
std::unique_ptr<Model> loadOlmoe(const formats::TensorSource& source);
std::unique_ptr<Model> loadQwen2(const formats::TensorSource& source);
std::unique_ptr<Model> loadQwen2Moe(const formats::TensorSource& source);
std::unique_ptr<Model> loadQwen3(const formats::TensorSource& source);
std::unique_ptr<Model> loadQwen35(const formats::TensorSource& source);
std::unique_ptr<Model> loadQwen3Moe(const formats::TensorSource& source);

} // namespace sy::models
