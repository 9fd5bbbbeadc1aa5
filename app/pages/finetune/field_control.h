// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/finetune/run_fields.h"

#include <QObject>

class QLabel;

namespace sy::app {

/// The control of one setting, made from its row, with its name beside or above it and its hint below.
class FieldControl : public QObject {
    Q_OBJECT
public:
    FieldControl(const RunField& field, const QJsonValue& standard, QWidget* parent);

    const RunField& field() const { return m_field; }
    QWidget* widget() const { return m_widget; } // all of it
    QWidget* control() const { return m_control; }
    QJsonValue value() const;
    void setValue(const QJsonValue& value); // says nothing

signals:
    void edited();

private:
    void changed();

    const RunField& m_field;
    QJsonValue m_standard;
    QWidget *m_widget, *m_control = nullptr;
    QLabel *m_label, *m_hint;
    bool m_isFilling = false;
};

} // namespace sy::app
