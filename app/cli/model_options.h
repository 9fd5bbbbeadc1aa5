// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/command.h"
#include "engine/api/models.h"

#include <memory>
#include <string>
#include <vector>

namespace sy::app {

/// --model, with the newest model of the kind when it is not given.
void addModelOption(CLI::App& command, std::string& model, api::ModelKind kind);
std::filesystem::path resolveModel(CommandContext& context, const std::string& model, api::ModelKind kind);

/// --activations f32|fast
void addActivationsOption(CLI::App& command, std::string& activations);

/// --quantization TYPE, for folders of safetensors.
void addQuantizationOption(CLI::App& command, std::string& quantization);

/// --kv-type and --expert-mass.
struct ComputeOptions {
    std::string kvType = "auto";
    double expertMass = 1;

    void declare(CLI::App& command);
    void apply(api::LoadOptions& load) const;
};

/// --draft MODEL
struct DraftOption {
    std::string model;

    void declare(CLI::App& command);
    void apply(CommandContext& context, api::LoadOptions& load) const;
};

/// --adapter A[:strength]
struct AdapterOption {
    std::string text;

    void declare(CLI::App& command);

    /// The file that is meant. Throws UsageError for a strength that is not 0 to 2, Failure when there is no such adapter.
    api::AdapterSetting setting(CommandContext& context) const;
};

/// Loads, with a progress line. Throws what ModelHost::load throws, and std::invalid_argument when the kind is another one.
std::shared_ptr<api::LoadedModel> loadModel(CommandContext& context, const std::string& model, api::ModelKind kind,
                                            const api::LoadOptions& options = {});

/// --temperature, --top-k …, as chat and ask have them.
struct GenerationOptions {
    api::Sampling sampling;
    uint64_t seed = 0;
    CLI::Option* seedOption = nullptr;
    int64_t maxTokens = 0;
    int64_t contextLength = 0;
    std::vector<std::string> stopStrings;

    void declare(CLI::App& command);
    api::GenerationRequest request() const;
};

std::string finishName(api::Finish finish); // stop, length, cancelled, failed

} // namespace sy::app
