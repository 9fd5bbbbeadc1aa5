// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/adapters/adapter_picker.h"

#include "widgets/parts/row_delegate.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QDoubleSpinBox>
#include <QGridLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QPainter>
#include <QPushButton>
#include <QScreen>
#include <QSlider>

namespace sy::widgets {

namespace {
constexpr int kIdRole = Qt::UserRole + 1;
constexpr int kStepsPerUnit = 100; // of the slider
constexpr int kMostRows = 8;       // shown without scrolling
constexpr int kPopupWidth = 320;
constexpr int kChevron = 10;

QIcon rowIcon(const QString& id, bool isChosen)
{
    return icon(isChosen ? QStringLiteral("check") : id.isEmpty() ? QStringLiteral("close") : QStringLiteral("adapter"),
                isChosen ? IconTone::Accent : IconTone::Muted);
}
} // namespace

AdapterPicker::AdapterPicker(QWidget* parent) : QToolButton(parent)
{
    setProperty("kind", "chip");
    setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    setMaximumWidth(240);
    buildPopup();
    connect(this, &QToolButton::clicked, this, &AdapterPicker::openPopup);
    setName(tr("Adapter"));
    setItems({});
}

void AdapterPicker::buildPopup()
{
    m_popup = new QFrame(this, Qt::Popup);
    m_popup->setProperty("kind", "popup");
    auto* grid = new QGridLayout(m_popup);
    grid->setContentsMargins(space::kSmall, space::kSmall, space::kSmall, space::kSmall);
    grid->setVerticalSpacing(space::kTiny);
    m_list = new QListWidget(m_popup);
    m_list->setProperty("kind", "bare");
    m_list->setAccessibleName(tr("Adapters for this model"));
    m_list->setItemDelegate(new RowDelegate(m_list));
    m_list->viewport()->setAttribute(Qt::WA_Hover);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->installEventFilter(this);
    grid->addWidget(m_list, 0, 0, 1, 3);
    auto* line = new QFrame(m_popup);
    line->setProperty("kind", "line");
    grid->addWidget(line, 1, 0, 1, 3);
    m_strengthLabel = new QLabel(tr("Strength"), m_popup);
    m_slider = new QSlider(Qt::Horizontal, m_popup);
    m_slider->setRange(0, 2 * kStepsPerUnit);
    m_slider->setSingleStep(5);
    m_slider->setPageStep(25);
    m_slider->setAccessibleName(tr("Strength of the adapter"));
    m_number = new QDoubleSpinBox(m_popup);
    m_number->setRange(0, 2);
    m_number->setSingleStep(0.05);
    m_number->setDecimals(2);
    m_number->setAccessibleName(tr("Strength of the adapter, as a number"));
    m_strengthLabel->setBuddy(m_slider);
    grid->addWidget(m_strengthLabel, 2, 0);
    grid->addWidget(m_slider, 2, 1);
    grid->addWidget(m_number, 2, 2);
    m_hint = new QLabel(tr("1 is as it was trained, 0 as without it; above 1 exaggerates."), m_popup);
    m_hint->setProperty("tone", "faint");
    m_hint->setWordWrap(true);
    m_hint->setFont(smallFont(font()));
    grid->addWidget(m_hint, 3, 0, 1, 3);
    m_footer = new QPushButton(m_popup);
    m_footer->setProperty("kind", "link");
    m_footer->hide();
    grid->addWidget(m_footer, 4, 0, 1, 3);
    grid->setColumnStretch(1, 1);

    connect(m_list, &QListWidget::currentItemChanged, this, [this](QListWidgetItem* item) {
        if (!m_isFilling && item)
            choose(item->data(kIdRole).toString(), m_strength);
    });
    connect(m_list, &QListWidget::itemClicked, this, [this] {
        if (m_id.isEmpty()) // nothing to set the strength of
            m_popup->hide();
    });
    connect(m_list, &QListWidget::itemActivated, m_popup, &QWidget::hide);
    connect(m_slider, &QSlider::valueChanged, this, [this](int value) {
        if (!m_isFilling)
            choose(m_id, double(value) / kStepsPerUnit);
    });
    connect(m_number, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        if (!m_isFilling)
            choose(m_id, value);
    });
    connect(m_footer, &QPushButton::clicked, this, [this] {
        m_popup->hide();
        emit footerActivated();
    });
}

void AdapterPicker::setItems(const QList<AdapterItem>& items)
{
    m_items = items;
    fillList();
    updateText();
}

void AdapterPicker::setChoice(const QString& id, double strength, const QString& unknownName)
{
    m_id = id;
    m_strength = strength;
    m_unknownName = unknownName;
    fillList();
    updateText();
}

void AdapterPicker::setFooterAction(const QString& text)
{
    m_footer->setText(text);
    m_footer->setVisible(!text.isEmpty());
}

void AdapterPicker::setName(const QString& name)
{
    m_name = name;
    updateText();
}

void AdapterPicker::fillList()
{
    m_isFilling = true;
    m_list->clear();
    const auto add = [&](const QString& id, const QString& name, const QString& detail) {
        const bool isChosen = id == m_id;
        auto* item = new QListWidgetItem(rowIcon(id, isChosen), name, m_list);
        item->setData(kIdRole, id);
        item->setToolTip(detail.isEmpty() ? name : name + QLatin1Char('\n') + detail);
        item->setSizeHint(QSize(100, fontMetrics().height() + 14));
        if (isChosen)
            m_list->setCurrentItem(item);
    };
    add({}, tr("No adapter"), tr("The model as it is"));
    for (const AdapterItem& item : m_items)
        add(item.id, item.name, item.detail);
    m_list->setFixedHeight(std::min<int>(kMostRows, m_list->count()) * (fontMetrics().height() + 14) + 8);
    m_slider->setValue(qRound(m_strength * kStepsPerUnit));
    m_number->setValue(m_strength);
    for (QWidget* control : {static_cast<QWidget*>(m_slider), static_cast<QWidget*>(m_number), static_cast<QWidget*>(m_strengthLabel)})
        control->setEnabled(!m_id.isEmpty());
    m_isFilling = false;
}

void AdapterPicker::updateText()
{
    QString name = tr("No adapter");
    bool isKnown = m_id.isEmpty();
    for (const AdapterItem& item : std::as_const(m_items)) {
        if (item.id != m_id)
            continue;
        isKnown = true;
        name = item.name;
    }
    if (!isKnown)
        name = m_unknownName.isEmpty() ? m_id : m_unknownName;
    QString shown = fontMetrics().elidedText(name, Qt::ElideMiddle, 150);
    if (!m_id.isEmpty() && !qFuzzyCompare(m_strength, 1.0)) {
        const QString strength = QStringLiteral(" × ") + QLocale().toString(m_strength, 'g', 3);
        shown += strength;
        name += strength;
    }
    setText(shown);
    setIcon(isKnown ? widgets::icon(QStringLiteral("adapter"), m_id.isEmpty() ? IconTone::Muted : IconTone::Accent)
                    : widgets::icon(QStringLiteral("warning"), IconTone::Warning));
    setAccessibleName(tr("%1: %2").arg(m_name, name));
    setToolTip(isKnown ? accessibleName() : tr("%1: %2 does not fit the loaded model").arg(m_name, name));
}

void AdapterPicker::choose(const QString& id, double strength)
{
    if (id == m_id && strength == m_strength)
        return;
    m_id = id;
    m_strength = strength;
    m_isFilling = true;
    m_slider->setValue(qRound(strength * kStepsPerUnit));
    m_number->setValue(strength);
    for (int i = 0; i < m_list->count(); ++i) {
        QListWidgetItem* item = m_list->item(i);
        const QString its = item->data(kIdRole).toString();
        item->setIcon(rowIcon(its, its == id));
    }
    for (QWidget* control : {static_cast<QWidget*>(m_slider), static_cast<QWidget*>(m_number), static_cast<QWidget*>(m_strengthLabel)})
        control->setEnabled(!id.isEmpty());
    m_isFilling = false;
    updateText();
    emit chosen(id, strength);
}

void AdapterPicker::openPopup()
{
    fillList();
    m_popup->setFixedWidth(std::max(kPopupWidth, fontMetrics().averageCharWidth() * 44));
    m_popup->adjustSize();
    const QSize size = m_popup->sizeHint().expandedTo(QSize(m_popup->width(), 0));
    const QRect room = screen()->availableGeometry();
    QPoint at = mapToGlobal(QPoint(0, height() + 4));
    if (at.y() + size.height() > room.bottom()) // the composer is at the lower edge
        at.setY(mapToGlobal(QPoint(0, 0)).y() - size.height() - 4);
    at.setX(std::clamp(at.x(), room.left(), std::max(room.left(), room.right() - size.width())));
    m_popup->move(at);
    m_popup->show();
    m_list->setFocus();
}

QSize AdapterPicker::sizeHint() const
{
    return QToolButton::sizeHint() + QSize(kChevron, 0);
}

/// The sign of a list, where buttons with a menu have theirs.
void AdapterPicker::paintEvent(QPaintEvent* event)
{
    QToolButton::paintEvent(event);
    QPainter painter(this);
    painter.drawPixmap(QPointF(width() - kChevron - 8, (height() - kChevron) / 2.0),
                       iconPixmap(QStringLiteral("chevron-down"), kChevron, tokens(palette()).textMuted, devicePixelRatioF()));
}

bool AdapterPicker::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_list && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Return || key == Qt::Key_Enter) {
            m_popup->hide();
            return true;
        }
    }
    return QToolButton::eventFilter(watched, event);
}

} // namespace sy::widgets
