// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/source/source_panel.h"

#include "widgets/parts/elided_label.h"
#include "widgets/parts/state_panel.h"
#include "widgets/source/page_view.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QPainter>
#include <QScrollBar>
#include <QStackedWidget>
#include <QTextBlock>
#include <QTextBrowser>
#include <QToolButton>

namespace sy::widgets {

namespace {

QToolButton* makeButton(const QString& iconName, const QString& name, const QString& tip, QWidget* parent)
{
    auto* button = new QToolButton(parent);
    button->setIcon(icon(iconName));
    button->setIconSize({18, 18});
    button->setAccessibleName(name);
    button->setToolTip(tip.isEmpty() ? name : tip);
    return button;
}

} // namespace

SourcePanel::SourcePanel(QWidget* parent) : QWidget(parent)
{
    setAccessibleName(tr("Source"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(1, 0, 0, 0);
    layout->setSpacing(0);

    auto* head = new QWidget(this);
    auto* headLayout = new QVBoxLayout(head);
    headLayout->setContentsMargins(space::kMedium, space::kSmall, space::kSmall, space::kSmall);
    headLayout->setSpacing(2);
    auto* titleRow = new QHBoxLayout;
    titleRow->setSpacing(2);
    m_title = new ElidedLabel(head);
    m_title->setFont(strongFont(font()));
    titleRow->addWidget(m_title, 1);
    m_previous = makeButton(QStringLiteral("chevron-left"), tr("Previous source"), tr("Previous source (Alt+Left)"), head);
    m_next = makeButton(QStringLiteral("chevron-right"), tr("Next source"), tr("Next source (Alt+Right)"), head);
    m_open = makeButton(QStringLiteral("external"), tr("Open the file"), {}, head);
    m_close = makeButton(QStringLiteral("close"), tr("Close the source"), tr("Close the source (Esc)"), head);
    for (QToolButton* button : {m_previous, m_next, m_open, m_close})
        titleRow->addWidget(button);
    headLayout->addLayout(titleRow);
    m_location = new QLabel(head);
    m_location->setProperty("tone", "muted");
    m_location->setFont(smallFont(font()));
    m_location->setTextFormat(Qt::PlainText);
    m_location->setWordWrap(true);
    headLayout->addWidget(m_location);
    m_warning = new QLabel(head);
    m_warning->setProperty("tone", "warning");
    m_warning->setWordWrap(true);
    m_warning->hide();
    headLayout->addWidget(m_warning);
    layout->addWidget(head);

    m_stack = new QStackedWidget(this);
    m_pageView = new PageView(m_stack);
    m_text = new QTextBrowser(m_stack);
    m_text->setProperty("kind", "bare");
    m_text->setAccessibleName(tr("Text of the source"));
    m_text->setOpenLinks(false);
    m_text->document()->setDocumentMargin(space::kLarge);
    m_state = new StatePanel(m_stack);
    m_stack->addWidget(m_pageView);
    m_stack->addWidget(m_text);
    m_stack->addWidget(m_state);
    layout->addWidget(m_stack, 1);

    m_pageBar = new QWidget(this);
    auto* bar = new QHBoxLayout(m_pageBar);
    bar->setContentsMargins(space::kSmall, space::kTiny, space::kSmall, space::kTiny);
    bar->setSpacing(2);
    m_pageBack = makeButton(QStringLiteral("chevron-left"), tr("Previous page"), {}, m_pageBar);
    m_pageForward = makeButton(QStringLiteral("chevron-right"), tr("Next page"), {}, m_pageBar);
    m_pageLabel = new QLabel(m_pageBar);
    m_pageLabel->setProperty("tone", "muted");
    m_zoomOut = makeButton(QStringLiteral("zoom-out"), tr("Zoom out"), tr("Zoom out (Ctrl+−)"), m_pageBar);
    m_zoomIn = makeButton(QStringLiteral("zoom-in"), tr("Zoom in"), tr("Zoom in (Ctrl++)"), m_pageBar);
    m_fit = makeButton(QStringLiteral("fit"), tr("Fit the width"), tr("Fit the width (Ctrl+0)"), m_pageBar);
    bar->addWidget(m_pageBack);
    bar->addWidget(m_pageLabel);
    bar->addWidget(m_pageForward);
    bar->addStretch(1);
    bar->addWidget(m_zoomOut);
    bar->addWidget(m_zoomIn);
    bar->addWidget(m_fit);
    m_pageBar->hide();
    layout->addWidget(m_pageBar);

    connect(m_previous, &QToolButton::clicked, this, [this] { step(-1); });
    connect(m_next, &QToolButton::clicked, this, [this] { step(1); });
    connect(m_open, &QToolButton::clicked, this, [this] {
        if (m_current >= 0)
            emit openFileRequested(m_sources[m_current].path, m_page);
    });
    connect(m_close, &QToolButton::clicked, this, &SourcePanel::closeRequested);
    connect(m_pageBack, &QToolButton::clicked, this, [this] { turnPage(-1); });
    connect(m_pageForward, &QToolButton::clicked, this, [this] { turnPage(1); });
    connect(m_pageView, &PageView::pageStepRequested, this, &SourcePanel::turnPage);
    connect(m_zoomIn, &QToolButton::clicked, m_pageView, &PageView::zoomIn);
    connect(m_zoomOut, &QToolButton::clicked, m_pageView, &PageView::zoomOut);
    connect(m_fit, &QToolButton::clicked, this, [this] { m_pageView->setZoom(1); });
    connect(m_pageView, &PageView::sharperImageWanted, this, [this](int pixels) {
        if (m_current < 0 || pixels <= m_requestedPixels || m_requestedPixels >= 3000)
            return;
        m_requestedPixels = std::min(3000, pixels + pixels / 4);
        emit pageRequested(m_sources[m_current], m_page, m_requestedPixels);
    });
}

int SourcePanel::wantedPixels() const
{
    return std::max(700, int(m_stack->width() * devicePixelRatioF()));
}

void SourcePanel::showSources(const QList<SourceItem>& sources, int number)
{
    m_sources = sources;
    m_current = -1;
    for (qsizetype i = 0; i < sources.size(); ++i)
        if (sources[i].number == number)
            m_current = i;
    if (m_current < 0)
        return;
    m_page = m_sources[m_current].page;
    m_nPages = 0;
    m_requestedPixels = wantedPixels();
    m_pageView->clear();
    updateHead();
    setWorking();
    emit sourceRequested(m_sources[m_current], m_requestedPixels);
}

int SourcePanel::currentNumber() const
{
    return m_current >= 0 ? m_sources[m_current].number : 0;
}

void SourcePanel::step(int by)
{
    const qsizetype wanted = m_current + by;
    if (wanted >= 0 && wanted < m_sources.size())
        showSources(QList<SourceItem>(m_sources), m_sources[wanted].number);
}

void SourcePanel::turnPage(int by)
{
    const int wanted = m_page + by;
    if (m_current < 0 || wanted < 1 || (m_nPages > 0 && wanted > m_nPages))
        return;
    m_page = wanted;
    m_requestedPixels = wantedPixels();
    updateHead();
    emit pageRequested(m_sources[m_current], m_page, m_requestedPixels);
}

void SourcePanel::setPage(int page, int nPages, const QImage& image, const QList<QRectF>& highlights)
{
    m_page = page;
    m_nPages = nPages;
    m_stack->setCurrentWidget(m_pageView);
    m_pageView->setPage(image, highlights);
    updateHead();
}

void SourcePanel::setText(const QString& text, qsizetype start, qsizetype end)
{
    m_nPages = 0;
    m_markStart = std::clamp<qsizetype>(start, 0, text.size());
    m_markEnd = std::clamp<qsizetype>(end, m_markStart, text.size());
    // A window of the text around the passage: a book as one plain text would stall the layout.
    constexpr qsizetype kContext = 60000;
    const qsizetype from = std::max<qsizetype>(0, m_markStart - kContext);
    const qsizetype to = std::min<qsizetype>(text.size(), m_markEnd + kContext);
    m_text->setPlainText((from > 0 ? QStringLiteral("…\n") : QString()) + text.mid(from, to - from) + (to < text.size() ? QStringLiteral("\n…") : QString()));
    m_markStart = m_markStart - from + (from > 0 ? 2 : 0);
    m_markEnd = m_markEnd - from + (from > 0 ? 2 : 0);
    QTextCursor cursor(m_text->document());
    cursor.setPosition(int(m_markStart));
    cursor.setPosition(int(m_markEnd), QTextCursor::KeepAnchor);
    QTextEdit::ExtraSelection mark;
    mark.cursor = cursor;
    mark.format.setBackground(tokens(palette()).passage);
    mark.format.setForeground(tokens(palette()).text);
    m_text->setExtraSelections({mark});
    m_stack->setCurrentWidget(m_text);
    QTextCursor at(m_text->document());
    at.setPosition(int(m_markStart));
    m_text->setTextCursor(at);
    const QRect place = m_text->cursorRect(at);
    m_text->verticalScrollBar()->setValue(m_text->verticalScrollBar()->value() + place.top() - m_text->viewport()->height() / 4);
    updateHead();
}

void SourcePanel::setFailure(const QString& title, const QString& text, const QString& details)
{
    m_state->setLook(StatePanel::Look::Failed, QStringLiteral("warning"), title, text);
    m_state->setDetails(details);
    m_stack->setCurrentWidget(m_state);
    m_pageBar->hide();
}

void SourcePanel::setWorking()
{
    m_state->setLook(StatePanel::Look::Working, QString(), tr("Opening the source…"), {});
    m_state->setDetails({});
    m_stack->setCurrentWidget(m_state);
    m_pageBar->hide();
}

void SourcePanel::updateHead()
{
    if (m_current < 0)
        return;
    const SourceItem& source = m_sources[m_current];
    m_title->setText(source.number > 0 ? QStringLiteral("[%1] %2").arg(source.number).arg(source.title) : source.title);
    m_title->setToolTip(source.path);
    QStringList facts;
    if (source.page > 0)
        facts << tr("Page %1").arg(source.page);
    facts << (source.isCited ? tr("cited in the answer") : tr("retrieved, not cited"));
    if (source.score > 0)
        facts << tr("score %1").arg(locale().toString(source.score, 'f', 2));
    m_location->setText(facts.join(QStringLiteral(" · ")));
    m_warning->setText(source.warning);
    m_warning->setVisible(!source.warning.isEmpty());
    m_previous->setEnabled(m_current > 0);
    m_next->setEnabled(m_current + 1 < m_sources.size());
    m_open->setVisible(!source.path.isEmpty());
    m_pageBar->setVisible(m_stack->currentWidget() == m_pageView);
    m_pageLabel->setText(m_nPages > 0 ? tr("Page %1 of %2").arg(m_page).arg(m_nPages) : tr("Page %1").arg(m_page));
    m_pageBack->setEnabled(m_page > 1);
    m_pageForward->setEnabled(m_nPages == 0 || m_page < m_nPages);
}

/// Where the bar is too narrow for all, the number of the page stays; Ctrl+0 fits the width as its button does.
void SourcePanel::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    const int others = 4 * m_pageBack->sizeHint().width() + m_pageLabel->fontMetrics().horizontalAdvance(tr("Page %1 of %2").arg(888, 3).arg(888, 3));
    m_fit->setVisible(width() >= others + m_fit->sizeHint().width() + 2 * space::kMedium);
}

void SourcePanel::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape)
        emit closeRequested();
    else if (event->modifiers() == Qt::AltModifier && event->key() == Qt::Key_Left)
        step(-1);
    else if (event->modifiers() == Qt::AltModifier && event->key() == Qt::Key_Right)
        step(1);
    else
        QWidget::keyPressEvent(event);
}

void SourcePanel::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_text) {
        QList<QTextEdit::ExtraSelection> marks = m_text->extraSelections();
        for (auto& mark : marks) {
            mark.format.setBackground(tokens(palette()).passage);
            mark.format.setForeground(tokens(palette()).text);
        }
        m_text->setExtraSelections(marks);
    }
    if (event->type() == QEvent::FontChange && m_title) {
        m_title->setFont(strongFont(font()));
        m_location->setFont(smallFont(font()));
    }
}

void SourcePanel::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    painter.fillRect(rect(), t.window);
    painter.fillRect(QRect(0, 0, 1, height()), t.border);
}

} // namespace sy::widgets
