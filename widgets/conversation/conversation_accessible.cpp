// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/conversation/conversation_view.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QPointer>

namespace sy::widgets {

namespace {

/// One message as a screen reader meets it: who, and the words without our marks.
class AccessibleMessage : public QAccessibleInterface {
public:
    AccessibleMessage(ConversationView* view, int row) : m_view(view), m_row(row) {}

    bool isValid() const override { return m_view && m_row < m_view->messageCount(); }
    QObject* object() const override { return nullptr; }
    QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    QAccessibleInterface* parent() const override { return QAccessible::queryAccessibleInterface(m_view); }
    QAccessibleInterface* child(int) const override { return nullptr; }
    int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    QString text(QAccessible::Text kind) const override
    {
        if (!isValid())
            return {};
        const MessageItem& message = m_view->messageAt(m_row);
        if (kind == QAccessible::Name)
            return message.isUser ? ConversationView::tr("You") : ConversationView::tr("Answer");
        if (kind == QAccessible::Value || kind == QAccessible::Description) {
            QString text = message.text;
            text.replace(kUnsupportedMark, ConversationView::tr(" (no source supports this)"));
            if (!message.errorTitle.isEmpty())
                text += QLatin1Char('\n') + message.errorTitle + QLatin1Char('\n') + message.errorText;
            return text;
        }
        return {};
    }
    void setText(QAccessible::Text, const QString&) override {}
    QRect rect() const override
    {
        if (!isValid())
            return {};
        const QRect inView = m_view->messageRect(m_row);
        return {m_view->viewport()->mapToGlobal(inView.topLeft()), inView.size()};
    }
    QAccessible::Role role() const override { return QAccessible::Paragraph; }
    QAccessible::State state() const override
    {
        QAccessible::State state;
        state.readOnly = true;
        state.multiLine = true;
        state.invalid = !isValid();
        return state;
    }

private:
    QPointer<ConversationView> m_view;
    int m_row;
};

class AccessibleConversation : public QAccessibleWidget {
public:
    explicit AccessibleConversation(ConversationView* view) : QAccessibleWidget(view, QAccessible::List), m_view(view) {}
    ~AccessibleConversation() override
    {
        for (const QAccessible::Id id : m_ids)
            QAccessible::deleteAccessibleInterface(id);
    }
    int childCount() const override { return int(m_view->messageCount()); }
    QAccessibleInterface* child(int index) const override
    {
        if (index < 0 || index >= childCount())
            return nullptr;
        while (int(m_ids.size()) <= index)
            m_ids.push_back(QAccessible::registerAccessibleInterface(new AccessibleMessage(m_view, int(m_ids.size()))));
        return QAccessible::accessibleInterface(m_ids[size_t(index)]);
    }
    QAccessibleInterface* childAt(int x, int y) const override
    {
        for (int i = 0; i < childCount(); ++i)
            if (child(i)->rect().contains(x, y))
                return child(i);
        return nullptr;
    }
    int indexOfChild(const QAccessibleInterface* wanted) const override
    {
        for (int i = 0; i < childCount(); ++i)
            if (child(i) == wanted)
                return i;
        return -1;
    }

private:
    ConversationView* m_view;
    mutable std::vector<QAccessible::Id> m_ids;
};

} // namespace

void installConversationAccessibility()
{
    QAccessible::installFactory([](const QString&, QObject* object) -> QAccessibleInterface* {
        if (auto* view = qobject_cast<ConversationView*>(object))
            return new AccessibleConversation(view);
        return nullptr;
    });
}

} // namespace sy::widgets
