// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>
#include <QList>
#include <QWidget>

class QLabel;
class QStackedWidget;
class QTextBrowser;
class QToolButton;

namespace sy::widgets {

class PageView;
class StatePanel;

/// One source of an answer, as the panel's head shows it.
struct SourceItem {
    int number = 0;    // of its mark, from 1; negative: it has none
    QString title;
    QString path;
    int page = 0;      // from 1; 0: no pages
    QString passage;
    double score = 0;
    bool isCited = true;
    QString warning;   // "The file has changed since it was indexed", or empty
};

/// The document behind a citation: its page as an image with the passage marked, or its text scrolled to the passage. The panel asks
/// for what it shows and is given it; it never opens a file.
class SourcePanel : public QWidget {
    Q_OBJECT
public:
    explicit SourcePanel(QWidget* parent = nullptr);

    /// All sources of an answer and which to show; emits sourceRequested for it.
    void showSources(const QList<SourceItem>& sources, int number);
    int currentNumber() const;
    int currentPage() const { return m_page; }

    void setPage(int page, int nPages, const QImage& image, const QList<QRectF>& highlights);
    /// start and end in UTF-16 units of text; marked and scrolled to.
    void setText(const QString& text, qsizetype start, qsizetype end);
    void setFailure(const QString& title, const QString& text, const QString& details);
    void setWorking();
    PageView* pageView() const { return m_pageView; }
    QTextBrowser* textView() const { return m_text; }

signals:
    void sourceRequested(const SourceItem& source, int pixelsWide);
    void pageRequested(const SourceItem& source, int page, int pixelsWide);
    void openFileRequested(const QString& path, int page);
    void closeRequested();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void request(int page);
    void step(int by);
    void turnPage(int by);
    void updateHead();
    int wantedPixels() const;

    QList<SourceItem> m_sources;
    qsizetype m_current = -1;
    int m_page = 0;
    int m_nPages = 0;
    int m_requestedPixels = 0;
    QLabel* m_title;
    QLabel* m_location;
    QLabel* m_warning;
    QToolButton *m_previous, *m_next, *m_open, *m_close;
    QToolButton *m_pageBack, *m_pageForward, *m_zoomIn, *m_zoomOut, *m_fit;
    QLabel* m_pageLabel;
    QWidget* m_pageBar;
    QStackedWidget* m_stack;
    PageView* m_pageView;
    QTextBrowser* m_text;
    StatePanel* m_state;
    qsizetype m_markStart = 0, m_markEnd = 0;
};

} // namespace sy::widgets
