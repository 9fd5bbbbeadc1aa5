// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/column_mapping.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/tokens.h"

#include <QComboBox>
#include <QCoreApplication>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QSet>
#include <QVBoxLayout>
#include <algorithm>
#include <span>

namespace sy::app {

using namespace sy::widgets;

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(ColumnMapping)
public:
    static QString pairs() { return tr("A question and its answer"); }
    static QString instructions() { return tr("An instruction, perhaps with an input, and its answer"); }
    static QString preferences() { return tr("A question with a better and a worse answer"); }
    static QString messages() { return tr("A list of messages"); }
    static QString texts() { return tr("A text"); }
    static QString question() { return tr("Question"); }
    static QString answer() { return tr("Answer"); }
    static QString instruction() { return tr("Instruction"); }
    static QString input() { return tr("Input"); }
    static QString better() { return tr("Better answer"); }
    static QString worse() { return tr("Worse answer"); }
    static QString list() { return tr("Messages"); }
    static QString text() { return tr("Text"); }
    static QString notUsed() { return tr("(none)"); }
};

struct Part {
    const char* name; // in the format
    QString (*word)();
    const char* hints;        // what names of columns for it hold
    bool isOptional = false;
};
constexpr Part kPair[] = {{"prompt", Words::question, "prompt question query input user frage instruction 问 提示 输入"}, {"completion", Words::answer, "completion answer response reply output assistant antwort 答 回复 输出"}};
constexpr Part kAlpaca[] = {{"instruction", Words::instruction, "instruction task prompt question 指令 问"}, {"input", Words::input, "input context 输入", true}, {"output", Words::answer, "output answer response completion reply 输出 答"}};
constexpr Part kPreference[] = {{"prompt", Words::question, "prompt question query 问"}, {"chosen", Words::better, "chosen better good win accepted 好"}, {"rejected", Words::worse, "rejected worse bad lose 差"}};
constexpr Part kMessages[] = {{"messages", Words::list, "messages conversation dialog chat turns 对话"}};
constexpr Part kText[] = {{"text", Words::text, "text content body document 文本 内容 正文"}};

struct Form {
    const char* format;
    QString (*word)();
    std::span<const Part> parts;
};
constexpr Form kForms[] = {{"prompt-completion", Words::pairs, kPair}, {"alpaca", Words::instructions, kAlpaca}, {"preference", Words::preferences, kPreference}, {"messages", Words::messages, kMessages}, {"text", Words::texts, kText}};

const Form& formOf(const QComboBox* box)
{
    return kForms[std::max(0, box->currentIndex())];
}

constexpr qsizetype kMostPreviewed = 300; // letters of a value

} // namespace

ColumnMapping::ColumnMapping(QWidget* parent) : QWidget(parent)
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, space::kSmall, 0, 0);
    rows->setSpacing(space::kSmall);
    m_title = new QLabel(this);
    m_title->setWordWrap(true);
    m_title->setTextFormat(Qt::PlainText);
    rows->addWidget(m_title);
    m_rows = new QFormLayout;
    m_rows->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_rows->setLabelAlignment(Qt::AlignLeft);
    m_rows->setHorizontalSpacing(space::kMedium);
    m_rows->setVerticalSpacing(space::kTiny);
    m_form = new QComboBox(this);
    m_form->setAccessibleName(tr("What a row is"));
    m_form->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_form->setMinimumContentsLength(10);
    m_form->setFocusPolicy(Qt::StrongFocus);
    for (const Form& form : kForms)
        m_form->addItem(form.word(), QString::fromLatin1(form.format));
    m_rows->addRow(tr("A row is"), m_form);
    rows->addLayout(m_rows);
    m_preview = new QPlainTextEdit(this);
    m_preview->setReadOnly(true);
    m_preview->setTabChangesFocus(true);
    m_preview->setFont(smallFont(font()));
    m_preview->setAccessibleName(tr("The first rows as they are read"));
    m_preview->setFixedHeight(m_preview->fontMetrics().lineSpacing() * 6 + 16);
    rows->addWidget(m_preview);
    connect(m_form, &QComboBox::currentIndexChanged, this, [this] {
        if (m_isFilling)
            return;
        makeRows({});
        showPreview();
        emit edited();
    });
}

void ColumnMapping::setFile(const QJsonObject& entry, const api::DataColumns& columns)
{
    m_entry = entry;
    m_columns = columns;
    const QString name = QFileInfo(entry.value(QLatin1String("path")).toString()).fileName();
    m_title->setText(columns.format.empty() ? tr("The columns of “%1” have names of their own. Say what they are:").arg(name) : tr("The columns of “%1”:").arg(name));
    m_isFilling = true;
    const QString known = QString::fromStdString(columns.format);
    int form = m_form->findData(entry.value(QLatin1String("format")).toString());
    if (form < 0)
        form = m_form->findData(known);
    if (form < 0) // of one column nothing else can be made
        form = m_form->findData(columns.names.size() > 1 ? QStringLiteral("prompt-completion") : QStringLiteral("text"));
    m_form->setCurrentIndex(form);
    makeRows(entry.value(QLatin1String("mapping")).toObject());
    m_isFilling = false;
    showPreview();
}

/// A part gets the column that the mapping says, that is named like it, or the next that no other has.
void ColumnMapping::makeRows(const QJsonObject& mapping)
{
    while (m_rows->rowCount() > 1)
        m_rows->removeRow(1);
    m_boxes.clear();
    QStringList names;
    for (const std::string& name : m_columns.names)
        names << QString::fromStdString(name);
    const std::span<const Part> parts = formOf(m_form).parts;
    QStringList chosen(qsizetype(parts.size()));
    QSet<QString> taken;
    const auto choose = [&](size_t i, const QString& name) {
        if (chosen[qsizetype(i)].isEmpty() && names.contains(name) && !taken.contains(name)) {
            chosen[qsizetype(i)] = name;
            taken.insert(name);
        }
    };
    for (size_t i = 0; i < parts.size(); ++i)
        choose(i, mapping.value(QLatin1String(parts[i].name)).toString());
    for (size_t i = 0; i < parts.size() && mapping.isEmpty(); ++i) {
        for (const QString& hint : QString::fromUtf8(parts[i].hints).split(QLatin1Char(' ')))
            for (const QString& name : names)
                if (name.contains(hint, Qt::CaseInsensitive))
                    choose(i, name);
    }
    for (size_t i = 0; i < parts.size() && mapping.isEmpty(); ++i)
        for (const QString& name : names)
            if (!parts[i].isOptional)
                choose(i, name);
    for (size_t i = 0; i < parts.size(); ++i) {
        auto* box = new QComboBox(this);
        box->setAccessibleName(tr("Column of: %1").arg(parts[i].word()));
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(10);
        box->setFocusPolicy(Qt::StrongFocus);
        if (parts[i].isOptional || chosen[qsizetype(i)].isEmpty())
            box->addItem(Words::notUsed(), QString());
        for (const QString& name : names)
            box->addItem(name, name);
        box->setCurrentIndex(std::max(0, box->findData(chosen[qsizetype(i)])));
        m_rows->addRow(parts[i].word(), box);
        m_boxes.push_back(box);
        connect(box, &QComboBox::currentIndexChanged, this, [this] {
            showPreview();
            emit edited();
        });
    }
}

QComboBox* ColumnMapping::columnBox(const QString& part) const
{
    const std::span<const Part> parts = formOf(m_form).parts;
    for (size_t i = 0; i < parts.size(); ++i)
        if (part == QLatin1String(parts[i].name))
            return m_boxes.value(qsizetype(i));
    return nullptr;
}

QJsonObject ColumnMapping::entry() const
{
    QJsonObject mapping;
    const std::span<const Part> parts = formOf(m_form).parts;
    for (size_t i = 0; i < parts.size(); ++i)
        if (const QString column = m_boxes[qsizetype(i)]->currentData().toString(); !column.isEmpty())
            mapping.insert(QLatin1String(parts[i].name), column);
    QJsonObject entry = m_entry;
    entry.insert(QStringLiteral("format"), QLatin1String(formOf(m_form).format));
    entry.insert(QStringLiteral("mapping"), mapping);
    return entry;
}

void ColumnMapping::showPreview()
{
    const std::span<const Part> parts = formOf(m_form).parts;
    QStringList blocks;
    for (const std::vector<std::string>& row : m_columns.rows) {
        QStringList lines;
        for (size_t i = 0; i < parts.size(); ++i) {
            const int column = m_boxes[qsizetype(i)]->findData(m_boxes[qsizetype(i)]->currentData()) - (m_boxes[qsizetype(i)]->itemData(0).toString().isEmpty() ? 1 : 0);
            if (column < 0 || size_t(column) >= row.size())
                continue;
            const QString value = QString::fromStdString(row[size_t(column)]);
            lines << tr("%1: %2").arg(parts[i].word(), value.size() > kMostPreviewed ? value.left(kMostPreviewed) + QStringLiteral("…") : value);
        }
        if (!lines.isEmpty())
            blocks << lines.join(QLatin1Char('\n'));
    }
    m_preview->setPlainText(blocks.join(QStringLiteral("\n\n")));
}

} // namespace sy::app
