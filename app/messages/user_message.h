// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMetaType>
#include <QString>
#include <exception>

namespace sy::app {

/// What the window says about a failure: what happened, the facts, and what to do. `technical` is for "Copy details".
struct UserMessage {
    QString title;
    QString detail;
    QString remedy;
    QString technical;

    QString text() const; // detail and remedy as one paragraph
};

/// Words an error of the engine. The only place that does (STYLE.md section 5).
UserMessage describe(const std::exception& error);

/// Engine words begin small, since they follow a file's name on the command line; here they are a sentence. Names of tensors and
/// files stay as they are spelled.
QString asSentence(QString words);

QString formatBytes(quint64 bytes);
/// "about 3 minutes"; empty when not known (negative).
QString formatSecondsLeft(double seconds);

} // namespace sy::app

Q_DECLARE_METATYPE(sy::app::UserMessage)
