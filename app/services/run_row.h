// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/messages/user_message.h"
#include "engine/api/runs.h"

#include <QDateTime>
#include <QJsonObject>
#include <QString>
#include <optional>
#include <vector>

namespace sy::app {

/// Elsewhere: another program trains it. Failed: since this start, with a reason.
enum class RunState { Waiting, Preparing, Running, Stopping, Elsewhere, Paused, Done, Diverged, Interrupted, Failed };

/// A run as lists and pages show it.
struct RunRow {
    QString id, name, notes, model;
    RunState state = RunState::Done;
    qint64 step = 0, steps = 0; // steps 0: not known yet
    double loss = 0;            // of the last step; 0: none yet
    std::optional<double> bestEvalLoss;
    qint64 bestStep = 0;
    double seconds = 0;      // trained so far
    double secondsLeft = -1; // -1: not known
    double readShare = -1;   // of the examples, 0 to 1, while it is being prepared; -1: not known, or all of them
    quint64 peakBytes = 0;
    QDateTime started;
    QString adapter; // file; empty: none yet
    bool isWhole = false; // it trains the model itself and has no adapter
    QString trainedModel, bestModel; // then these files; empty: none yet
    qint64 usedStep = 0; // of the checkpoint that the adapter is of; 0: the last
    UserMessage failure;

    bool isActive() const { return state == RunState::Preparing || state == RunState::Running || state == RunState::Stopping; }
    bool canResume() const { return state == RunState::Paused || state == RunState::Interrupted || (state == RunState::Failed && step > 0); }
    bool hasAdapter() const { return !adapter.isEmpty() && !isActive(); }
    bool hasModel() const { return !trainedModel.isEmpty() && !isActive(); }
};

/// What a run has been through.
struct RunDetails {
    std::vector<api::FineTuneStep> steps;
    std::vector<api::FineTuneSample> samples;
    QJsonObject config;
};

} // namespace sy::app
