// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QWidget>

class QLabel;
class QTextEdit;
class QToolButton;

namespace sy::widgets {

/// A text in stretches, some of which are marked.
struct PreviewText {
    struct Piece {
        QString text;
        bool isMarked = false;
    };
    QString heading; // "rows.jsonl, row 3 · 24 tokens"
    QString note;    // "held out", or why it is left out; empty: nothing special
    QList<Piece> pieces;
};

/// Texts one at a time, with arrows to the next: what is marked has a ground and an underline, so that neither color nor contrast is
/// needed to see it.
class TokenPreview : public QWidget {
    Q_OBJECT
public:
    explicit TokenPreview(QWidget* parent = nullptr);

    /// Stays at the row it was on when there are as many.
    void setTexts(const QList<PreviewText>& texts);
    void setLegend(const QString& text); // what the mark means
    int current() const { return m_current; }
    void show(int index);
    QTextEdit* view() const { return m_view; }
    QToolButton* nextButton() const { return m_next; }

protected:
    void changeEvent(QEvent* event) override;

private:
    void fill();

    QList<PreviewText> m_texts;
    int m_current = 0;
    QLabel *m_place, *m_heading, *m_legend;
    QTextEdit* m_view;
    QToolButton *m_previous, *m_next;
};

} // namespace sy::widgets
