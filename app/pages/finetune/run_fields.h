// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QJsonValue>
#include <QString>
#include <span>

class QWidget;

namespace sy::app {

/// A setting of a run as the form shows it. Its default comes from the engine; a row whose path the engine does not know is left out.
struct RunField {
    enum class Kind { Whole, Real, Power, Flag, Choice, Text, Lines }; // Power: steps by factors, written as 2e-4
    const char* path;       // in the configuration: "adapter.rank"
    Kind kind;
    QString (*label)();
    QString (*explanation)(); // one sentence
    QString (*unit)();      // null: none
    double least = 0, most = 0, step = 1;
    bool isAdvanced = true;
    const char* option = nullptr; // of `switchyard finetune`; null: only in a configuration
    std::span<const char* const> choices = {};
    bool isNullable = false; // the least value, or the empty choice, stands for "not set"
    enum class Of { Both, Adapter, Whole } of = Of::Both; // what is trained: where it is another the setting is not there
};

std::span<const RunField> runFields();
const RunField* findRunField(const QString& path);

/// A value by its path, and the configuration with another one there.
QJsonValue valueAt(const QJsonObject& config, const QString& path);
void setValueAt(QJsonObject& config, const QString& path, const QJsonValue& value);

/// Every setting as "group.key" with its value; lists stay whole.
QList<std::pair<QString, QJsonValue>> flattened(const QJsonObject& config);

/// What the engine calls a choice, in words; itself when it has none.
QString choiceWord(const QString& path, const QString& value);
QString objectiveWord(const QString& objective);
/// A value as it is read: numbers by the locale, choices in words.
QString valueWord(const QString& path, const QJsonValue& value);
/// The label of a setting, or its path when it has no row.
QString fieldWord(const QString& path);
/// "Default 16. 1 to 4,096."
QString fieldRange(const RunField& field, const QJsonValue& standard);

/// Whether a configuration trains the model itself and not an adapter.
bool isWhole(const QJsonObject& config);

/// The command that does the same. Only what differs from the defaults is said; with settings that have no option the configuration
/// follows on its input.
QString runCommand(const QJsonObject& config, const QJsonObject& defaults);

} // namespace sy::app
