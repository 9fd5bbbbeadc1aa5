// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QPlainTextEdit>
#include <QStringList>

class QHBoxLayout;
class QLabel;
class QPushButton;
class QToolButton;

namespace sy::widgets {

class ContextGauge;
class FlowLayout;

/// What goes with a message: a file dropped on the composer, or a text too long to stand in the input.
struct Attachment {
    QString name;
    QString path; // of a file; empty for pasted text
    QString text; // pasted text
};

/// The text input itself: grows with its text, knows whether an input method is composing.
class ComposerEdit : public QPlainTextEdit {
    Q_OBJECT
public:
    explicit ComposerEdit(QWidget* parent = nullptr);
    bool isComposing() const { return m_isComposing; }
    int wantedHeight() const;

    /// Enter sends and Shift+Enter breaks the line, or Ctrl+Enter sends and Enter breaks it.
    void setSendsOnEnter(bool sends) { m_sendsOnEnter = sends; }

signals:
    void sendRequested();
    void stopRequested();
    void editLastRequested();
    void heightWanted();
    void longTextPasted(const QString& text);
    void filesPasted(const QStringList& paths);

protected:
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void inputMethodEvent(QInputMethodEvent* event) override;
    void insertFromMimeData(const QMimeData* source) override;
    bool canInsertFromMimeData(const QMimeData* source) const override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    bool m_isComposing = false;
    bool m_sendsOnEnter = true;
};

/// The input of a chat: text, attachments, a row of tools, the context gauge, and one button that sends or, at the same place, stops.
class Composer : public QFrame {
    Q_OBJECT
public:
    explicit Composer(QWidget* parent = nullptr);

    QString text() const;
    void setText(const QString& text);
    QList<Attachment> attachments() const { return m_attachments; }
    void setAttachments(const QList<Attachment>& attachments);
    void addFiles(const QStringList& paths);
    void clear();

    /// While an answer runs the send button is the stop button; isStopping: it was asked to end and has not yet.
    void setRunning(bool running, bool isStopping = false);
    bool isRunning() const { return m_isRunning; }
    /// Why nothing can be sent now; empty: it can. isPassing: that will end by itself, and what is sent meanwhile waits for it,
    /// unless it is edited or cancelSend() comes first.
    void setBlockedReason(const QString& reason, bool isPassing = false);
    bool isSendWaiting() const { return m_isSendWaiting; }
    void cancelSend();
    void setPlaceholder(const QString& text);
    void setSendsOnEnter(bool sends);
    /// Shown above the text, for editing an earlier message or a warning; empty hides it. The banner can be dismissed when asked.
    /// An action text adds a button to it; pressing it emits bannerActivated.
    void setBanner(const QString& text, bool dismissable, const QString& actionText = {});
    QString banner() const;

    /// Left end of the tool row: the page puts its collection picker and sampling button here.
    void addTool(QWidget* tool);
    ContextGauge* gauge() const { return m_gauge; }
    ComposerEdit* edit() const { return m_edit; }
    QToolButton* sendButton() const { return m_send; }
    void focusInput();

    /// Texts longer than this are attached when pasted, in characters.
    static constexpr int kLongPaste = 6000;

signals:
    void sendRequested(const QString& text);
    void sendWaitingChanged();
    void stopRequested();
    void editLastRequested();
    void textChanged();
    void attachmentsChanged();
    void attachRequested(); // the paper clip
    void bannerDismissed();
    void bannerActivated();

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void send();
    void setSendWaiting(bool isWaiting);
    void adjustHeight();
    void updateSend();
    void attachmentsHaveChanged();
    void rebuildChips();

    ComposerEdit* m_edit;
    QToolButton* m_attach;
    QToolButton* m_send;
    QHBoxLayout* m_tools;
    QWidget* m_chips;
    FlowLayout* m_chipLayout;
    QFrame* m_banner;
    QLabel* m_bannerText;
    QPushButton* m_bannerAction;
    QToolButton* m_bannerClose;
    ContextGauge* m_gauge;
    QList<Attachment> m_attachments;
    QString m_blockedReason;
    bool m_isBlockPassing = false;
    bool m_isSendWaiting = false;
    bool m_isRunning = false;
    bool m_isStopping = false;
    bool m_isDropTarget = false;
};

} // namespace sy::widgets
