// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/fine_tune.h"

#include "engine/api/engine_state.h"
#include "engine/api/library.h"
#include "engine/api/loaded_model.h"
#include "engine/api/model_text.h"
#include "engine/core/error.h"
#include "engine/formats/json_text.h"
#include "engine/formats/new_file.h"
#include "engine/models/gguf_adapter.h"
#include "engine/models/model_table.h"
#include "engine/train/new_adapter.h"
#include "engine/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMostConfigBytes = 16 << 20;

// A model to be trained on and the data as its tokens.
class Material {
public:
    Material(Engine& engine, const train::RunConfig& config, const std::string& source, std::stop_token stop)
        : m_processor(engine.state().processor), m_context{m_processor->pool}
    {
        if (config.model.empty())
            throw BadFile(source, "model is missing");
        if (config.data.empty())
            throw BadFile(source, "data is missing");
        m_path = engine.library().resolve(config.model);
        formats::OpenOptions open;
        open.nThreads = m_processor->pool.nThreads();
        open.stop = stop;
        m_file = formats::openModelFile(m_path, open);
        m_model = models::loadModel(m_file);
        ModelText text = readModelText(*m_file);
        if (text.vocabulary)
            m_tokenizer.emplace(std::move(*text.vocabulary));
        if (!text.chatTemplate.empty())
            m_template.emplace(tokenizer::ChatTemplate::parse(text.chatTemplate, m_path.string()));
        m_data = train::readDataset(
            config.data, {m_tokenizer ? &*m_tokenizer : nullptr, m_template ? &*m_template : nullptr},
            m_model->config().nVocabulary, std::min(config.batch.contextLength, m_model->config().contextLength), stop);
    }

    /// Turns the weights into the form that products read fastest.
    void pack()
    {
        m_model->packWeights(m_context, [&](const Tensor& original) { m_file->notNeeded(original); });
    }

    train::Trainer trainer(const train::RunConfig& config, const fs::path& folder) const
    {
        return {m_context, *m_model, m_data, config, folder / "checkpoints", fingerprintOf(m_path)};
    }

    const models::Model& model() const { return *m_model; }
    const train::DatasetReport& report() const { return m_data.report; }

private:
    std::shared_ptr<Processor> m_processor;
    ops::OpContext m_context;
    fs::path m_path;
    std::shared_ptr<const formats::ModelFile> m_file;
    std::unique_ptr<models::Model> m_model;
    std::optional<tokenizer::Tokenizer> m_tokenizer;
    std::optional<tokenizer::ChatTemplate> m_template;
    train::Dataset m_data;
};

fs::path runsFolder(Engine& engine)
{
    return engine.dataDir() / "runs";
}

// A folder of its own for a run: NAME-1, NAME-2 ... with what file names can hold of the name.
fs::path newRunFolder(Engine& engine, const std::string& name)
{
    std::string stem;
    for (const char c : name) {
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        const bool isUpper = c >= 'A' && c <= 'Z';
        if (isPlain || isUpper)
            stem += isUpper ? char(c - 'A' + 'a') : c;
        else if (!stem.empty() && stem.back() != '-')
            stem += '-';
    }
    while (!stem.empty() && stem.back() == '-')
        stem.pop_back();
    if (stem.empty())
        stem = "run";
    std::error_code error;
    fs::create_directories(runsFolder(engine), error);
    for (int i = 1;; ++i) {
        const fs::path folder = runsFolder(engine) / (stem + "-" + std::to_string(i));
        if (fs::create_directory(folder, error)) // whoever makes it has it
            return folder;
        if (error)
            throw StorageFailure(folder.string(), "making a folder for the run", error.message());
    }
}

void writeText(const fs::path& path, const std::string& text)
{
    formats::NewFile file(path);
    file.write(std::as_bytes(std::span(text)));
    file.commit();
}

FineTuneResult train(Material& material, const train::RunConfig& config, const fs::path& folder, bool resumes,
                     std::stop_token stop, const std::function<void(const FineTuneStep&)>& onStep)
{
    const auto start = std::chrono::steady_clock::now();
    train::Trainer trainer = material.trainer(config, folder);
    if (resumes)
        trainer.resume();
    material.pack();
    const train::RunEnd end = trainer.run(stop, [&](const train::StepReport& r) {
        onStep({r.step, r.nSteps, r.loss, r.learningRate, r.gradientNorm, r.tokensPerSecond, r.isSkipped});
    });
    FineTuneResult result;
    result.end = FineTuneResult::End(int(end));
    result.run = folder.filename().string();
    result.adapter = folder / "adapter.gguf";
    models::writeGgufAdapter(result.adapter, material.model(), train::snapshot(trainer.trained()));
    result.steps = trainer.state().step;
    const std::vector<float>& losses = trainer.state().losses;
    const auto last = std::find_if(losses.rbegin(), losses.rend(), [](float loss) { return std::isfinite(loss); });
    result.finalLoss = last == losses.rend() ? 0 : double(*last);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.peakBytes = peakBytesOfProcess();
    return result;
}

} // namespace

std::string completeFineTuneConfig(const std::string& config, const std::string& source)
{
    train::RunConfig parsed = train::parseRunConfig(config, source);
    for (train::DataFile& file : parsed.data)
        file.path = fs::absolute(file.path).lexically_normal().string();
    return train::toJson(parsed).dump(2) + "\n";
}

FineTunePlan planFineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop)
{
    const train::RunConfig parsed = train::parseRunConfig(config, source);
    const Material material(engine, parsed, source, stop);
    const train::Trainer trainer = material.trainer(parsed, {});
    const train::DatasetReport& r = material.report();
    const int64_t nTrained = trainer.nTrained();
    return {r.nRows,         r.nTexts,         r.nTokens,        r.nTrainedTokens,
            r.longestTokens, r.nTooLong,       r.nWithoutLabels, r.nWithoutEnd,
            r.formats,       trainer.nSteps(), nTrained,         uint64_t(nTrained) * 4 * sizeof(float)};
}

FineTuneResult fineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop,
                        const std::function<void(const FineTuneStep&)>& onStep)
{
    const std::string complete = completeFineTuneConfig(config, source);
    const train::RunConfig parsed = train::parseRunConfig(complete, source);
    Material material(engine, parsed, source, stop);
    material.trainer(parsed, {}); // what cannot be trained is said before there is a folder
    const fs::path folder = newRunFolder(engine, parsed.name);
    writeText(folder / "config.json", complete);
    return train(material, parsed, folder, false, stop, onStep);
}

FineTuneResult resumeFineTune(Engine& engine, const std::string& run, std::stop_token stop,
                              const std::function<void(const FineTuneStep&)>& onStep)
{
    const fs::path folder = runsFolder(engine) / fs::path(run).filename();
    const std::string source = (folder / "config.json").string();
    const train::RunConfig parsed = train::parseRunConfig(formats::readTextFile(source, kMostConfigBytes), source);
    Material material(engine, parsed, source, stop);
    return train(material, parsed, folder, true, stop, onStep);
}

} // namespace sy::api
