// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/run_row.h"
#include "widgets/training/run_list.h"

#include <QList>
#include <QString>

namespace sy::app {

/// The state of a run: word, icon and tone always go together.
struct StateWords {
    QString text;
    QString iconName;
    widgets::IconTone tone;
};
StateWords stateWords(RunState state);

widgets::RunListItem toListItem(const RunRow& row);

/// "1.84", short enough for a line; empty when there is none.
QString lossText(double loss);
QString durationText(double seconds); // "2 h 5 min"

/// A line of the log: when, and what happened.
struct RunEvent {
    qint64 step;
    QString text;
    bool isWarning = false;
};
/// Start, checkpoints, evaluations, skipped steps, and what runWarnings() sees, in order.
QList<RunEvent> runEvents(const RunDetails& details);

/// What somebody who knows training would say about the curves: the loss does not fall, the held-out loss rises, gradients jump, steps
/// were skipped. Each at most once, the latest first.
QStringList runWarnings(const std::vector<api::FineTuneStep>& steps);

QString outcomeWord(api::FineTuneRow::Outcome outcome);
QString formatWord(const std::string& format);
QString personalWord(const std::string& kind); // of FineTunePlan::personalData

} // namespace sy::app
