// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/run_words.h"

#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <cmath>

namespace sy::app {

namespace {

using widgets::IconTone;

// What is worth a warning. A window of steps is compared with the one before, because single steps jump.
constexpr size_t kWindow = 20;
constexpr size_t kLeastSteps = 60;     // before the loss is judged
constexpr double kLeastFall = 0.01;    // of the loss from the first window to the last
constexpr int kRisesInARow = 3;        // of the held-out loss
constexpr double kSpike = 10;          // gradient norm against the median
constexpr size_t kSpikesFrom = 10;     // steps, before there is a median to speak of

struct Words {
    Q_DECLARE_TR_FUNCTIONS(RunWords)
public:
    static StateWords state(RunState state);
    static QString detail(const RunRow& row);
    static QString duration(double seconds);
    static QString skipped(int n) { return tr("%n step(s) skipped because loss or gradient were no numbers. A lower learning rate helps.", nullptr, n); }
    static QString notFalling() { return tr("The loss is not falling. Try a higher learning rate or a higher rank, or look whether the examples belong together."); }
    static QString overfitting(qint64 best)
    {
        return tr("The held-out loss has risen three times in a row: the model begins to learn the examples by heart. It was lowest at step %1; stopping now keeps that state too.").arg(QLocale().toString(best));
    }
    static QString spikes(int n) { return tr("%n jump(s) of the gradient. They are limited, but a lower learning rate or a longer warm-up is steadier.", nullptr, n); }
    static QString began() { return tr("Training began") ; }
    static QString checkpoint() { return tr("Checkpoint written"); }
    static QString evaluated(double loss) { return tr("Held-out loss %1").arg(lossText(loss)); }
    static QString skippedStep() { return tr("Step skipped: loss or gradient were no numbers"); }
    static QString spike(double norm) { return tr("Gradient jumped to %1").arg(QLocale().toString(norm, 'g', 3)); }
    static QString outcome(api::FineTuneRow::Outcome outcome);
    static QString format(const QString& format);
    static QString personal(const QString& kind);
};

StateWords Words::state(RunState state)
{
    switch (state) {
    case RunState::Waiting: return {tr("Waiting"), QStringLiteral("clock"), IconTone::Muted};
    case RunState::Preparing: return {tr("Preparing"), QStringLiteral("clock"), IconTone::Accent};
    case RunState::Running: return {tr("Running"), QStringLiteral("play"), IconTone::Accent};
    case RunState::Stopping: return {tr("Stopping…"), QStringLiteral("clock"), IconTone::Warning};
    case RunState::Elsewhere: return {tr("Running in another program"), QStringLiteral("external"), IconTone::Accent};
    case RunState::Paused: return {tr("Paused"), QStringLiteral("pause"), IconTone::Warning};
    case RunState::Done: return {tr("Finished"), QStringLiteral("success"), IconTone::Success};
    case RunState::Diverged: return {tr("Diverged"), QStringLiteral("warning"), IconTone::Danger};
    case RunState::Interrupted: return {tr("Interrupted"), QStringLiteral("warning"), IconTone::Warning};
    case RunState::Failed: return {tr("Failed"), QStringLiteral("error"), IconTone::Danger};
    }
    return {};
}

QString Words::detail(const RunRow& row)
{
    const QLocale locale;
    QStringList parts;
    if (row.isActive() || row.canResume() || row.state == RunState::Elsewhere) {
        if (row.steps > 0)
            parts << tr("step %1 of %2").arg(locale.toString(row.step), locale.toString(row.steps));
        else if (row.step > 0)
            parts << tr("step %1").arg(locale.toString(row.step));
    } else if (row.step > 0) {
        parts << tr("%n step(s)", nullptr, int(row.step));
    }
    if (row.loss > 0)
        parts << tr("loss %1").arg(lossText(row.loss));
    return parts.join(QStringLiteral(" · "));
}

QString Words::duration(double seconds)
{
    const qint64 whole = std::llround(seconds);
    if (whole < 60)
        return tr("%1 s").arg(whole);
    if (whole < 3600)
        return tr("%1 min %2 s").arg(whole / 60).arg(whole % 60);
    return tr("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60);
}

QString Words::outcome(api::FineTuneRow::Outcome outcome)
{
    using Outcome = api::FineTuneRow::Outcome;
    switch (outcome) {
    case Outcome::used: return tr("trained");
    case Outcome::heldOut: return tr("held out");
    case Outcome::tooLong: return tr("longer than the context");
    case Outcome::nothingTrained: return tr("nothing to learn in it");
    }
    return {};
}

QString Words::format(const QString& format)
{
    if (format == QLatin1String("messages"))
        return tr("conversations");
    if (format == QLatin1String("alpaca"))
        return tr("instructions");
    if (format == QLatin1String("prompt-completion"))
        return tr("prompts with completions");
    if (format == QLatin1String("sharegpt"))
        return tr("ShareGPT conversations");
    if (format == QLatin1String("preference"))
        return tr("preferences");
    if (format == QLatin1String("text"))
        return tr("plain text");
    if (format == QLatin1String("csv"))
        return tr("table");
    if (format == QLatin1String("tokens"))
        return tr("tokens");
    return format;
}

QString Words::personal(const QString& kind)
{
    if (kind == QLatin1String("mail"))
        return tr("mail addresses");
    if (kind == QLatin1String("phone"))
        return tr("phone numbers");
    if (kind == QLatin1String("identity"))
        return tr("identity numbers");
    return kind;
}

bool isSpike(const std::vector<api::FineTuneStep>& steps, size_t i)
{
    if (i < kSpikesFrom || steps[i].isSkipped)
        return false;
    std::vector<double> before;
    for (size_t j = i > kWindow ? i - kWindow : 0; j < i; ++j)
        if (!steps[j].isSkipped)
            before.push_back(steps[j].gradientNorm);
    if (before.empty())
        return false;
    std::nth_element(before.begin(), before.begin() + long(before.size() / 2), before.end());
    const double median = before[before.size() / 2];
    return median > 0 && steps[i].gradientNorm > kSpike * median;
}

double meanLoss(std::vector<api::FineTuneStep>::const_iterator from, std::vector<api::FineTuneStep>::const_iterator to)
{
    double sum = 0;
    int n = 0;
    for (; from != to; ++from) {
        if (from->isSkipped || !std::isfinite(from->loss))
            continue;
        sum += from->loss;
        ++n;
    }
    return n > 0 ? sum / n : 0;
}

} // namespace

StateWords stateWords(RunState state)
{
    return Words::state(state);
}

widgets::RunListItem toListItem(const RunRow& row)
{
    const StateWords words = stateWords(row.state);
    const double progress = row.steps > 0 && (row.isActive() || row.canResume() || row.state == RunState::Elsewhere) ? double(row.step) / double(row.steps) : -1;
    return {row.id, row.name, words.text, words.iconName, words.tone, Words::detail(row), progress};
}

QString lossText(double loss)
{
    return std::isfinite(loss) ? QLocale().toString(loss, 'f', loss < 0.1 ? 4 : 3) : QStringLiteral("–");
}

QString durationText(double seconds)
{
    return Words::duration(seconds);
}

QList<RunEvent> runEvents(const RunDetails& details)
{
    QList<RunEvent> events;
    for (size_t i = 0; i < details.steps.size(); ++i) {
        const api::FineTuneStep& step = details.steps[i];
        if (i == 0)
            events.push_back({step.step, Words::began()});
        if (step.isSkipped)
            events.push_back({step.step, Words::skippedStep(), true});
        else if (isSpike(details.steps, i))
            events.push_back({step.step, Words::spike(step.gradientNorm), true});
        if (step.evalLoss)
            events.push_back({step.step, Words::evaluated(*step.evalLoss)});
        if (step.isCheckpoint)
            events.push_back({step.step, Words::checkpoint()});
    }
    return events;
}

QStringList runWarnings(const std::vector<api::FineTuneStep>& steps)
{
    QStringList warnings;
    const auto skipped = std::count_if(steps.begin(), steps.end(), [](const api::FineTuneStep& s) { return s.isSkipped; });
    if (skipped > 0)
        warnings << Words::skipped(int(skipped));
    std::vector<std::pair<qint64, double>> held;
    for (const api::FineTuneStep& step : steps)
        if (step.evalLoss)
            held.push_back({step.step, *step.evalLoss});
    int rises = 0;
    for (size_t i = 1; i < held.size(); ++i)
        rises = held[i].second > held[i - 1].second ? rises + 1 : 0;
    if (rises >= kRisesInARow)
        warnings << Words::overfitting(std::min_element(held.begin(), held.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first);
    if (steps.size() >= kLeastSteps) {
        const double first = meanLoss(steps.begin(), steps.begin() + kWindow), last = meanLoss(steps.end() - kWindow, steps.end());
        if (first > 0 && last > first * (1 - kLeastFall))
            warnings << Words::notFalling();
    }
    int spikes = 0;
    for (size_t i = steps.size() > 10 * kWindow ? steps.size() - 10 * kWindow : 0; i < steps.size(); ++i)
        spikes += isSpike(steps, i);
    if (spikes > 1)
        warnings << Words::spikes(spikes);
    return warnings;
}

QString outcomeWord(api::FineTuneRow::Outcome outcome)
{
    return Words::outcome(outcome);
}

QString personalWord(const std::string& kind)
{
    return Words::personal(QString::fromStdString(kind));
}

QString formatWord(const std::string& format)
{
    return Words::format(QString::fromStdString(format));
}

} // namespace sy::app
