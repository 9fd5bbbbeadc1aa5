// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/chat_settings.h"

#include <QWidget>

class QDoubleSpinBox;
class QPlainTextEdit;
class QToolButton;

namespace sy::app {

/// How this chat answers: each setting with its explanation, marked when it differs from the default, with a way back.
class SamplingPanel : public QWidget {
    Q_OBJECT
public:
    SamplingPanel(const Settings& defaults, QWidget* parent = nullptr);
    void setSettings(const ChatSettings& settings);

signals:
    void settingsEdited(const sy::app::ChatSettings& settings);
    void closeRequested();

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    struct Row {
        const char* key;
        QDoubleSpinBox* box;
        QToolButton* reset;
    };
    void show(const Row& row);
    void edited();
    const Settings& m_defaults;
    ChatSettings m_settings;
    QList<Row> m_rows;
    QPlainTextEdit* m_system;
    QToolButton* m_systemReset;
    bool m_isFilling = false;
};

/// The box of one row: range and step from the tables, whole numbers without decimals.
QDoubleSpinBox* makeSamplingBox(const SamplingRow& row, QWidget* parent);

} // namespace sy::app
