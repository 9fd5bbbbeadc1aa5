// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/field_control.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/tokens.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLocale>
#include <QPlainTextEdit>
#include <QRegularExpression>
#include <QVBoxLayout>
#include <cmath>
#include <optional>

namespace sy::app {

namespace {

using Kind = RunField::Kind;

constexpr int kWidth = 150; // of all controls, with a unit or without: their edges are one line
constexpr int kMostDecimals = 12; // the box rounds to these; what is shown is shorter

/// A number as short as it can be written, with steps that add or, for rates, multiply.
class NumberBox : public QDoubleSpinBox {
public:
    NumberBox(const RunField& field, QWidget* parent) : QDoubleSpinBox(parent), m_multiplies(field.kind == Kind::Power)
    {
        setDecimals(field.kind == Kind::Whole ? 0 : kMostDecimals);
        setRange(field.least, field.most);
        setSingleStep(field.step);
        setGroupSeparatorShown(false);
        setFocusPolicy(Qt::StrongFocus); // a wheel over a form scrolls the form, not the number under the pointer
        setMinimumWidth(kWidth);
        if (field.unit)
            setSuffix(QLatin1Char(' ') + field.unit());
    }
    QString textFromValue(double value) const override
    {
        if (decimals() == 0)
            return locale().toString(qlonglong(value));
        return value != 0 && std::abs(value) < 0.0001 ? QString::number(value, 'g', 8) : locale().toString(value, 'g', 8); // 1e-05
    }
    double valueFromText(const QString& text) const override { return parse(text).value_or(value()); }
    QValidator::State validate(QString& text, int&) const override
    {
        static const QRegularExpression partial(QStringLiteral("^[0-9.,eE+\\-\\s]*$"));
        const auto parsed = parse(text);
        if (parsed && *parsed >= minimum() && *parsed <= maximum())
            return QValidator::Acceptable;
        return partial.match(bare(text)).hasMatch() ? QValidator::Intermediate : QValidator::Invalid;
    }
    void stepBy(int steps) override
    {
        if (m_multiplies)
            setValue(steps > 0 ? value() * std::pow(singleStep(), steps) : value() / std::pow(singleStep(), -steps));
        else
            QDoubleSpinBox::stepBy(steps);
    }

private:
    QString bare(const QString& text) const
    {
        QString number = text;
        if (!suffix().isEmpty() && number.endsWith(suffix()))
            number.chop(suffix().size());
        return number.trimmed();
    }
    std::optional<double> parse(const QString& text) const
    {
        bool isNumber = false;
        double number = locale().toDouble(bare(text), &isNumber);
        if (!isNumber)
            number = bare(text).toDouble(&isNumber); // 2e-4 in every language
        return isNumber ? std::optional(number) : std::nullopt;
    }
    bool m_multiplies;
};

} // namespace

FieldControl::FieldControl(const RunField& field, const QJsonValue& standard, QWidget* parent) : QObject(parent), m_field(field), m_standard(standard)
{
    m_widget = new QWidget(parent);
    m_label = new QLabel(field.label(), m_widget);
    const QString range = fieldRange(field, standard);
    m_hint = new QLabel(range.isEmpty() ? field.explanation() : field.explanation() + QLatin1Char(' ') + range, m_widget);
    m_hint->setProperty("tone", "faint");
    m_hint->setWordWrap(true);
    m_hint->setFont(widgets::smallFont(parent->font()));
    switch (field.kind) {
    case Kind::Whole:
    case Kind::Real:
    case Kind::Power: {
        auto* box = new NumberBox(field, m_widget);
        connect(box, &QDoubleSpinBox::valueChanged, this, &FieldControl::changed);
        m_control = box;
        break;
    }
    case Kind::Flag: {
        auto* box = new QCheckBox(m_widget);
        connect(box, &QCheckBox::toggled, this, &FieldControl::changed);
        m_control = box;
        break;
    }
    case Kind::Choice: {
        auto* box = new QComboBox(m_widget);
        for (const char* choice : field.choices) {
            const QString value = QString::fromLatin1(choice);
            bool isNumber = false;
            const double number = value.toDouble(&isNumber);
            box->addItem(choiceWord(QString::fromLatin1(field.path), value), isNumber ? QVariant(number) : QVariant(value));
        }
        box->setFocusPolicy(Qt::StrongFocus);
        box->setMinimumWidth(kWidth);
        connect(box, &QComboBox::currentIndexChanged, this, &FieldControl::changed);
        m_control = box;
        break;
    }
    case Kind::Text:
    case Kind::Lines: {
        auto* edit = new QPlainTextEdit(m_widget);
        edit->setTabChangesFocus(true);
        edit->setFixedHeight(edit->fontMetrics().lineSpacing() * 4 + 16);
        connect(edit, &QPlainTextEdit::textChanged, this, &FieldControl::changed);
        m_control = edit;
        break;
    }
    }
    auto* rows = new QVBoxLayout(m_widget);
    rows->setContentsMargins(0, widgets::space::kTiny, 0, 0);
    rows->setSpacing(2);
    if (field.kind == Kind::Lines) {
        rows->addWidget(m_label);
        rows->addWidget(m_control);
    } else {
        auto* row = new QHBoxLayout;
        row->addWidget(m_label, 1);
        row->addWidget(m_control);
        rows->addLayout(row);
    }
    rows->addWidget(m_hint);
    m_control->setAccessibleName(m_label->text());
    m_control->setAccessibleDescription(m_hint->text());
    m_control->setToolTip(m_hint->text());
    m_label->setBuddy(m_control);
    setValue(standard);
}

void FieldControl::changed()
{
    if (!m_isFilling)
        emit edited();
}

QJsonValue FieldControl::value() const
{
    switch (m_field.kind) {
    case Kind::Whole:
    case Kind::Real:
    case Kind::Power: {
        const double number = static_cast<QDoubleSpinBox*>(m_control)->value();
        if (m_field.isNullable && number == m_field.least)
            return QJsonValue(QJsonValue::Null);
        return m_field.kind == Kind::Whole ? QJsonValue(qint64(number)) : QJsonValue(number);
    }
    case Kind::Flag: return static_cast<QCheckBox*>(m_control)->isChecked();
    case Kind::Choice: {
        const QVariant data = static_cast<QComboBox*>(m_control)->currentData();
        if (m_field.isNullable && data.toString().isEmpty())
            return QJsonValue(QJsonValue::Null);
        return data.typeId() == QMetaType::QString ? QJsonValue(data.toString()) : QJsonValue::fromVariant(data);
    }
    case Kind::Text: return static_cast<QPlainTextEdit*>(m_control)->toPlainText();
    case Kind::Lines: {
        QJsonArray lines;
        for (const QString& line : static_cast<QPlainTextEdit*>(m_control)->toPlainText().split(QLatin1Char('\n')))
            if (!line.trimmed().isEmpty())
                lines.append(line.trimmed());
        return lines;
    }
    }
    return {};
}

void FieldControl::setValue(const QJsonValue& value)
{
    m_isFilling = true;
    switch (m_field.kind) {
    case Kind::Whole:
    case Kind::Real:
    case Kind::Power: static_cast<QDoubleSpinBox*>(m_control)->setValue(value.isDouble() ? value.toDouble() : m_field.least); break;
    case Kind::Flag: static_cast<QCheckBox*>(m_control)->setChecked(value.toBool()); break;
    case Kind::Choice: {
        auto* box = static_cast<QComboBox*>(m_control);
        const bool isUnset = m_field.isNullable && (value.isNull() || value.isUndefined());
        const QVariant wanted = isUnset ? QVariant(QString()) : value.isString() ? QVariant(value.toString()) : value.toVariant();
        int index = box->findData(wanted);
        if (index < 0) { // of an imported configuration: a list of names, or a choice of a later version
            box->addItem(valueWord(QString::fromLatin1(m_field.path), value), wanted);
            index = box->count() - 1;
        }
        box->setCurrentIndex(index);
        break;
    }
    case Kind::Text: static_cast<QPlainTextEdit*>(m_control)->setPlainText(value.toString()); break;
    case Kind::Lines: {
        QStringList lines;
        for (const QJsonValue& line : value.toArray())
            lines << line.toString();
        static_cast<QPlainTextEdit*>(m_control)->setPlainText(lines.join(QLatin1Char('\n')));
        break;
    }
    }
    m_isFilling = false;
}

} // namespace sy::app
