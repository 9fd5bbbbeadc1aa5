// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/trainer.h"

#include "engine/core/error.h"
#include "engine/generate/random.h"
#include "engine/train/new_adapter.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

namespace sy::train {

namespace {

constexpr int kMostSkippedSteps = 10;
constexpr double kRateOfB = 16;   // LoRA+
constexpr double kBalance = 0.01; // Fedus et al. 2021, arXiv:2101.03961
using Method = RunConfig::Adapter::Method;

// The order of an epoch: Fisher and Yates with draws that are a function of seed and epoch. Four bytes an example are all
// that grows with the data; a permutation without a list would be another order than that of runs which are to go on.
std::vector<uint32_t> shuffled(size_t n, uint64_t seed, int64_t epoch)
{
    std::vector<uint32_t> order(n);
    std::iota(order.begin(), order.end(), uint32_t(0));
    const std::array<uint32_t, 2> key = {uint32_t(seed), uint32_t(seed >> 32)};
    for (size_t i = n; i > 1; --i) {
        const auto draw = generate::philox({uint32_t(i), uint32_t(uint64_t(i) >> 32), uint32_t(epoch), 0x6f726465}, key);
        std::swap(order[i - 1], order[(uint64_t(draw[0]) << 32 | draw[1]) % i]);
    }
    return order;
}

AdamWSettings optimizerOf(const RunConfig& config)
{
    const RunConfig::Optimizer& o = config.optimizer;
    return {o.beta1,
            o.beta2,
            o.epsilon,
            o.weightDecay,
            config.adapter.method == Method::loraPlus ? kRateOfB : 1.0,
            !config.isWhole(),
            o.stateBits == 8};
}

ExpertUse useOf(const std::map<int, std::vector<int64_t>>& rowsOfLayers)
{
    ExpertUse use;
    int64_t nExperts = 0, nIdle = 0;
    for (const auto& [layer, rows] : rowsOfLayers) {
        const int64_t sum = std::accumulate(rows.begin(), rows.end(), int64_t(0));
        if (sum > 0)
            use.heaviest = std::max(use.heaviest, double(std::ranges::max(rows)) * double(rows.size()) / double(sum));
        nExperts += int64_t(rows.size());
        nIdle += std::ranges::count(rows, 0);
    }
    use.idleShare = double(nIdle) / double(std::max<int64_t>(nExperts, 1));
    return use;
}

} // namespace

TrainedSet firstUpdates(const ops::OpContext& context, const models::Model& model, const RunConfig& config,
                        const nn::Adapter* initial, const ExpertChoice* experts)
{
    requireTrainable(model); // before a target is looked for among matrices that such a model does not show
    if (initial)
        return fromAdapter(*initial);
    TrainedSet set = newAdapter(model, config.adapter, config.seed, experts);
    if (config.adapter.method == Method::dora)
        addMagnitudes(context, model, set);
    return set;
}

Trainer::Trainer(const ops::OpContext& context, const models::Model& model, const Dataset& data, const RunConfig& config,
                 std::filesystem::path folder, std::string modelFingerprint, TrainedSet set)
    : m_context(context), m_data(data), m_config(config), m_folder(std::move(folder)), m_set(std::move(set)),
      m_pass(context, model, m_set), m_optimizer(optimizerOf(config))
{
    const auto nExamples = int64_t(data.texts.size()) / data.textsPerExample;
    if (nExamples > int64_t(UINT32_MAX))
        throw Unsupported("training on " + std::to_string(nExamples) + " examples",
                          "this version numbers them with 32 bits");
    m_stepsPerEpoch = (nExamples + config.batch.sequences - 1) / config.batch.sequences;
    m_nSteps = std::min(config.epochs * m_stepsPerEpoch, config.maxSteps.value_or(INT64_MAX));
    const RunConfig::Optimizer& o = config.optimizer;
    m_schedule = {o.schedule, o.learningRate, std::min(o.warmupSteps, m_nSteps), m_nSteps, o.finalShare};
    m_state.dataSha256 = data.sha256;
    m_state.modelFingerprint = std::move(modelFingerprint);
}

int64_t Trainer::nTrained() const
{
    int64_t n = 0;
    for (const auto& [name, m] : m_set.updates)
        n += m.a.value.count() + m.b.value.count() + m.magnitude.value.count();
    for (const auto& [name, parameter] : m_set.tensors)
        n += parameter.value.count();
    return n;
}

BatchSize Trainer::largestBatch()
{
    BatchSize largest;
    for (int64_t step = 0; step < std::min(m_nSteps, m_stepsPerEpoch); ++step) {
        for (const std::vector<size_t>& examples : microBatches(examplesOf(step))) {
            TextStore::Length all;
            for (const size_t example : examples) {
                const TextStore::Length length = lengthOf(example);
                all.nTokens += length.nTokens;
                all.nLabels += length.nLabels;
            }
            largest.nTokens = std::max(largest.nTokens, all.nTokens);
            largest.nLabels = std::max(largest.nLabels, all.nLabels);
            largest.otherTokens.insert(sizeClass(all.nTokens));
        }
    }
    largest.otherTokens.erase(sizeClass(largest.nTokens));
    return largest;
}

bool Trainer::resume()
{
    std::vector<std::filesystem::path> found = checkpointsIn(m_folder);
    for (; !found.empty(); found.pop_back()) {
        try {
            readCheckpoint(found.back(), m_set, m_optimizer, m_state, m_state);
            m_savedStep = m_state.step;
            return true;
        } catch (const BadFile&) { // damaged: the one before it stands
        }
    }
    return false;
}

std::vector<size_t> Trainer::examplesOf(int64_t step)
{
    const int64_t epoch = step / m_stepsPerEpoch, first = step % m_stepsPerEpoch * m_config.batch.sequences;
    if (m_order.empty() || m_orderOf != epoch)
        m_order = shuffled(m_data.texts.size() / size_t(m_data.textsPerExample), m_config.seed, epoch);
    m_orderOf = epoch;
    const int64_t end = std::min(first + m_config.batch.sequences, int64_t(m_order.size()));
    return {m_order.begin() + first, m_order.begin() + end};
}

TextStore::Length Trainer::lengthOf(size_t example) const
{
    const auto nTexts = size_t(m_data.textsPerExample);
    TextStore::Length sum;
    for (size_t i = 0; i < nTexts; ++i) {
        const TextStore::Length length = m_data.texts.length(example * nTexts + i);
        sum.nTokens += length.nTokens;
        sum.nLabels += length.nLabels;
    }
    return sum;
}

// Which of the examples go together, one after another.
std::vector<std::vector<size_t>> Trainer::microBatches(const std::vector<size_t>& examples) const
{
    std::vector<std::vector<size_t>> bins;
    if (m_config.batch.packing) {
        std::vector<int64_t> lengths;
        for (const size_t example : examples)
            lengths.push_back(lengthOf(example).nTokens);
        bins = packTexts(lengths, m_config.batch.contextLength);
    } else {
        for (size_t i = 0; i < examples.size(); ++i)
            bins.push_back({i});
    }
    std::vector<std::vector<size_t>> batches;
    for (size_t i = 0; i < bins.size(); ++i) {
        if (i % size_t(m_config.batch.microSequences) == 0)
            batches.emplace_back();
        for (const size_t place : bins[i])
            batches.back().push_back(examples[place]);
    }
    return batches;
}

std::vector<PackedBatch> Trainer::batchesOf(const std::vector<size_t>& examples) const
{
    const auto nTexts = size_t(m_data.textsPerExample);
    std::vector<PackedBatch> batches;
    for (const std::vector<size_t>& together : microBatches(examples)) {
        PackedBatch& batch = batches.emplace_back();
        for (const size_t example : together)
            for (size_t i = 0; i < nTexts; ++i)
                batch.add(m_data.texts[example * nTexts + i]);
    }
    return batches;
}

double Trainer::batchLoss(const PackedBatch& batch, int64_t nShares, const PassOptions& options, std::stop_token stop)
{
    if (!isPreference(m_config.objective)) {
        const std::vector<float> factors(size_t(batch.nLabels()), float(1.0 / double(nShares)));
        const PassResult result = m_pass.step(batch, factors, options, stop);
        countExperts(result);
        double sum = 0;
        for (const float loss : result.losses)
            sum += double(loss);
        return sum / double(nShares);
    }
    const std::vector<double> references = referencesOf(batch, stop);
    double loss = 0;
    const PassResult result = m_pass.step(
        batch,
        [&](std::span<const float> losses) {
            PreferenceLoss preference = preferenceOf(batch, losses, references);
            loss = preference.loss / double(nShares);
            for (float& factor : preference.factors)
                factor /= float(nShares);
            return std::move(preference.factors);
        },
        options, stop);
    countExperts(result);
    return loss;
}

void Trainer::countExperts(const PassResult& result)
{
    for (const auto& [layer, rows] : result.expertRows) {
        std::vector<int64_t>& sum = m_expertRows[layer];
        sum.resize(rows.size());
        for (size_t e = 0; e < rows.size(); ++e)
            sum[e] += rows[e];
    }
}

PreferenceLoss Trainer::preferenceOf(const PackedBatch& batch, std::span<const float> losses,
                                     std::span<const double> references) const
{
    constexpr double kBeta = 0.1, kLambda = 0.1; // the papers' values
    return m_config.objective == Objective::dpo ? dpoLoss(batch, losses, references, kBeta)
                                                : orpoLoss(batch, losses, kLambda);
}

// The base's own log-probabilities: the model with every update at strength 0, so no second copy of it is needed.
std::vector<double> Trainer::referencesOf(const PackedBatch& batch, std::stop_token stop)
{
    if (m_config.objective != Objective::dpo)
        return {};
    return logProbabilities(batch, m_pass.baseLosses(batch, std::move(stop)));
}

StepReport Trainer::step(std::stop_token stop)
{
    const auto start = std::chrono::steady_clock::now();
    const std::vector<PackedBatch> batches = batchesOf(examplesOf(m_state.step));
    StepReport report;
    int64_t nLabels = 0, nExamples = 0;
    for (const PackedBatch& batch : batches) {
        nLabels += batch.nLabels();
        nExamples += int64_t(batch.lengths.size()) / m_data.textsPerExample;
        report.nTokens += batch.nTokens();
    }
    for (autograd::Parameter* p : m_set.parameters()) // a step that was given up left something behind
        p->gradient = {};
    for (auto& [name, m] : m_set.updates)
        m.expertTokens.assign(m.expertTokens.size(), 0);
    m_expertRows.clear();
    double sum = 0;
    for (size_t i = 0; i < batches.size(); ++i) {
        PassOptions options;
        if (m_config.isWhole()) // its router learns too, and would come to prefer a few experts
            options.balance = {BalanceOptions::Form::switchLoss, kBalance, 1.0 / double(batches.size())};
        options.hasCheckpoints = m_config.activationCheckpointing;
        options.dropout = {m_config.adapter.dropout, m_config.seed, m_state.step, int64_t(i)};
        sum += batchLoss(batches[i], isPreference(m_config.objective) ? nExamples : nLabels, options, stop);
    }
    report.loss = sum;
    if (!m_expertRows.empty())
        report.experts = useOf(m_expertRows);
    report.gradientNorm = gradientNorm(m_context.pool, m_set);
    report.learningRate = rateAt(m_schedule, m_state.step);
    report.isSkipped = !std::isfinite(report.loss) || !std::isfinite(report.gradientNorm);
    if (!report.isSkipped) {
        clipGradients(m_context.pool, m_set, report.gradientNorm, m_config.optimizer.clipNorm);
        m_optimizer.step(m_context.pool, m_set, report.learningRate);
    }
    m_state.losses.push_back(report.isSkipped ? std::numeric_limits<float>::quiet_NaN() : float(report.loss));
    report.step = ++m_state.step;
    report.nSteps = m_nSteps;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    report.tokensPerSecond = double(report.nTokens) / std::max(seconds, 1e-9);
    return report;
}

double Trainer::secondsOf(const std::vector<size_t>& examples, int64_t* nTokens, std::stop_token stop)
{
    const auto start = std::chrono::steady_clock::now();
    const std::vector<PackedBatch> batches = batchesOf(examples);
    int64_t nShares = 0;
    *nTokens = 0;
    for (const PackedBatch& batch : batches) {
        *nTokens += batch.nTokens();
        nShares +=
            isPreference(m_config.objective) ? int64_t(batch.lengths.size()) / m_data.textsPerExample : batch.nLabels();
    }
    PassOptions options;
    options.hasCheckpoints = m_config.activationCheckpointing;
    options.dropout = {m_config.adapter.dropout, m_config.seed, m_state.step, 0};
    for (const PackedBatch& batch : batches)
        batchLoss(batch, nShares, options, stop);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

StepCost Trainer::measure(int64_t mostTokens, std::stop_token stop)
{
    std::vector<size_t> chosen;
    int64_t nTokens = 0;
    for (const size_t example : examplesOf(0)) {
        const int64_t length = lengthOf(example).nTokens;
        if (!chosen.empty() && nTokens + length > mostTokens)
            continue;
        chosen.push_back(example);
        nTokens += length;
    }
    secondsOf({chosen.front()}, &nTokens, stop); // the first pass reads the weights from the disk and fills the caches
    StepCost cost;
    const double seconds = secondsOf(chosen, &nTokens, stop);
    cost.secondsPerToken = seconds / double(std::max<int64_t>(nTokens, 1));
    const auto start = std::chrono::steady_clock::now();
    clipGradients(m_context.pool, m_set, gradientNorm(m_context.pool, m_set), m_config.optimizer.clipNorm);
    m_optimizer.step(m_context.pool, m_set, rateAt(m_schedule, 0));
    cost.secondsPerUpdate = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return cost;
}

int64_t Trainer::nTokensInAll()
{
    // An epoch has every text once; of one that is cut short, the texts of its steps.
    const int64_t nEpochs = m_nSteps / m_stepsPerEpoch;
    int64_t n = m_data.texts.nTokens() * nEpochs;
    for (int64_t step = nEpochs * m_stepsPerEpoch; step < m_nSteps; ++step)
        for (const size_t example : examplesOf(step))
            n += lengthOf(example).nTokens;
    return n;
}

bool Trainer::owesEvaluation() const
{
    const bool isDue = m_state.step % m_config.evaluation.everySteps == 0 || m_state.step == m_nSteps;
    return isDue && m_state.step > m_state.evaluatedStep && !m_data.heldOut.empty();
}

void Trainer::evaluate(StepReport& report, std::stop_token stop)
{
    report.evalLoss = meanLoss(m_data.heldOut, stop);
    m_state.evaluatedStep = report.step;
    report.isBest = std::isfinite(*report.evalLoss) && (!m_state.bestEvalLoss || *report.evalLoss < *m_state.bestEvalLoss);
    if (report.isBest) {
        m_state.bestEvalLoss = report.evalLoss;
        m_state.bestStep = report.step;
    }
}

RunEnd Trainer::run(std::stop_token stop, const TrainerEvents& events)
{
    const auto tell = [](const auto& event, const StepReport& report) {
        if (event)
            event(report);
    };
    if (owesEvaluation()) { // it was stopped in the middle of it
        StepReport report;
        report.step = m_state.step;
        report.nSteps = m_nSteps;
        try {
            evaluate(report, stop);
        } catch (const Cancelled&) {
            return RunEnd::stopped;
        }
        report.isCheckpoint = true;
        m_savedStep = -1;
        tell(events.onEvaluated, report);
        save();
        tell(events.onCheckpoint, report);
    }
    int nSkipped = 0;
    while (m_state.step < m_nSteps) {
        StepReport report;
        try {
            report = step(stop);
        } catch (const Cancelled&) {
            save();
            return RunEnd::stopped;
        }
        nSkipped = report.isSkipped ? nSkipped + 1 : 0;
        if (nSkipped == kMostSkippedSteps) {
            tell(events.onStep, report);
            return RunEnd::diverged;
        }
        bool isStopped = false;
        try {
            if (owesEvaluation())
                evaluate(report, stop);
        } catch (const Cancelled&) { // the step is done: the run that goes on begins with its evaluation
            isStopped = true;
        }
        report.isCheckpoint =
            isStopped || report.isBest || m_state.step % m_config.checkpoint.everySteps == 0 || m_state.step == m_nSteps;
        try {
            tell(events.onStep, report);
        } catch (const Cancelled&) {
            isStopped = true;
        }
        if (report.isCheckpoint || isStopped) {
            save();
            tell(events.onCheckpoint, report);
        }
        if (isStopped)
            return RunEnd::stopped;
    }
    return RunEnd::done;
}

void Trainer::save()
{
    if (m_savedStep == m_state.step)
        return;
    std::error_code error;
    std::filesystem::create_directories(m_folder, error); // the writer says what is wrong with it
    writeCheckpoint(m_folder / checkpointName(m_state.step), m_set, m_optimizer, m_state);
    m_savedStep = m_state.step;
    std::vector<std::filesystem::path> all = checkpointsIn(m_folder);
    std::erase_if(all, [&](const std::filesystem::path& path) {
        return m_state.bestEvalLoss && path.filename() == checkpointName(m_state.bestStep);
    });
    for (size_t i = 0; i + size_t(m_config.checkpoint.keep) < all.size(); ++i)
        std::filesystem::remove(all[i], error);
}

double Trainer::meanLoss(const TextStore& texts, std::stop_token stop)
{
    double sum = 0;
    int64_t n = 0;
    const auto nTexts = size_t(m_data.textsPerExample);
    for (size_t first = 0; first + nTexts <= texts.size(); first += nTexts) {
        PackedBatch batch;
        for (size_t i = 0; i < nTexts; ++i)
            batch.add(texts[first + i]);
        const std::vector<float> losses = m_pass.losses(batch, stop);
        if (isPreference(m_config.objective)) {
            sum += preferenceOf(batch, losses, referencesOf(batch, stop)).loss;
            ++n;
        } else {
            sum = std::accumulate(losses.begin(), losses.end(), sum);
            n += int64_t(losses.size());
        }
    }
    return sum / double(n);
}

} // namespace sy::train
