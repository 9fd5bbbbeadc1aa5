// SPDX-License-Identifier: GPL-3.0-or-later
// The part of RunForm that says how long a run will take: from a step that was measured, or a guess from one before.
#include "app/pages/finetune/run_form.h"

#include "app/pages/finetune/plan_panel.h"
#include "app/pages/finetune/run_fields.h"
#include "app/pages/finetune/run_words.h"
#include "app/services/fine_tune_service.h"
#include "app/services/model_service.h"

#include <QComboBox>
#include <QLocale>
#include <algorithm>
#include <cmath>

namespace sy::app {

void RunForm::connectTime()
{
    FineTuneService& service = m_context.fineTune;
    connect(m_plan, &PlanPanel::measureToggled, this, &RunForm::toggleMeasuring);
    connect(&service, &FineTuneService::measured, this, [this](quint64 request, const api::FineTuneSpeed& speed) {
        if (request != m_measureRequest)
            return;
        m_measured = speed;
        updateMeasure();
    });
    connect(&service, &FineTuneService::measureFailed, this, [this](quint64 request, const UserMessage& message) {
        if (request != m_measureRequest)
            return;
        setFailure(message);
        updateMeasure();
    });
    connect(&service, &FineTuneService::measureCancelled, this, &RunForm::updateMeasure);
    connect(&service, &FineTuneService::detailsChanged, this, [this] { // perhaps of a run that tells the speed
        if (isVisible())
            updateMeasure();
    });
}

QJsonObject RunForm::measuredPart() const
{
    QJsonObject part = config();
    for (const char* key : {"name", "samples", "checkpoint"}) // these cost a run nothing, or nothing that a step tells
        part.remove(QLatin1String(key));
    return part;
}

void RunForm::toggleMeasuring()
{
    if (m_context.fineTune.isMeasuring()) {
        m_context.fineTune.cancelMeasure();
        return;
    }
    m_measured.reset();
    m_measuredOf = measuredPart();
    m_measuredModel = m_model->currentData().toString();
    m_measureRequest = m_context.fineTune.measure(config());
    updateMeasure();
}

void RunForm::updateMeasure()
{
    const bool isTraining = m_context.fineTune.isTraining(), isMeasuring = m_context.fineTune.isMeasuring();
    const bool isPossible = m_counted && m_refusal.title.isEmpty() && !isTraining;
    m_plan->setMeasure(isPossible, isMeasuring, isTraining ? tr("A run is being trained: a step measured beside it would take too long.") : QString());
    if (m_counted)
        m_plan->setTime(isMeasuring ? tr("measuring a step…") : expectedTime(*m_counted));
}

QString RunForm::expectedTime(const api::FineTunePlan& plan) const
{
    const QLocale l;
    if (m_measured && m_measuredOf == measuredPart())
        return tr("about %1, measured: %2 tokens per second").arg(durationText(m_measured->seconds), l.toString(std::round(m_measured->tokensPerSecond)));
    const double sequences = std::max(1.0, valueAt(config(), QStringLiteral("batch.sequences")).toDouble(1));
    const double tokens = double(plan.tokens) * double(plan.steps) / std::max(1.0, std::ceil(double(plan.texts) / sequences));
    const QString model = m_model->currentData().toString();
    if (m_measured && m_measured->tokensPerSecond > 0 && m_measuredModel == model)
        return tr("about %1, an estimate from the step that was measured before").arg(durationText(tokens / m_measured->tokensPerSecond));
    const api::ModelEntry* entry = nullptr; // a run may name its model by the path
    for (const api::ModelEntry& one : m_context.models.models())
        if (QString::fromStdString(one.id) == model)
            entry = &one;
    for (const RunRow& row : m_context.fineTune.runs()) { // the newest first
        if (row.step < 3 || row.state == RunState::Waiting || (row.model != model && (!entry || row.model != QString::fromStdString(entry->path.string()))))
            continue;
        const RunDetails* details = m_context.fineTune.details(row.id);
        if (!details) {
            m_context.fineTune.readDetails(row.id); // it is said when they are there
            break;
        }
        if (details->steps.size() < 3)
            continue;
        std::vector<double> speeds;
        for (const api::FineTuneStep& step : details->steps)
            speeds.push_back(step.tokensPerSecond);
        std::nth_element(speeds.begin(), speeds.begin() + long(speeds.size() / 2), speeds.end());
        if (const double speed = speeds[speeds.size() / 2]; speed > 0)
            return tr("about %1, an estimate: as fast as “%2”").arg(durationText(tokens / speed), row.name);
    }
    return tr("not known before a step is measured");
}

} // namespace sy::app
