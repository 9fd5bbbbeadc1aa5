// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/messages/user_message.h"
#include "engine/api/chats.h"

#include <QHash>
#include <QList>

namespace sy::app {

/// How far an answer is that has no text yet. Stopping: asked to stop, not yet done; what is shown no longer changes.
struct AnswerProgress {
    enum class Phase { Starting, ReadingFiles, Retrieving, Prefill, Queued, Decoding, Stopping } phase = Phase::Starting;
    double fraction = -1; // of the phase; -1: not known
};

/// A chat message as the window holds it.
struct ChatEntry {
    api::Message message;
    AnswerProgress progress;
    UserMessage failure; // of an answer that failed since the start; stored ones have message.error
    int branch = 1;      // this one among those that follow the same message, from 1
    int nBranches = 1;
};

/// The messages of one chat in all their branches. A message follows its parent; those that follow the same one are branches, of
/// which one is chosen. The chosen ones, from a first message to a last, are the path: what is shown and what a model is told.
class ChatTree {
public:
    ChatTree() = default;
    /// messages in the order they were written. The path ends at `leaf`, or at the newest message when there is no such one.
    explicit ChatTree(std::vector<api::Message> messages, qint64 leaf = 0);

    bool isEmpty() const { return m_path.isEmpty(); }
    QList<ChatEntry> path() const; // with their branch numbers
    qint64 last() const { return m_path.isEmpty() ? 0 : m_path.back(); }
    qint64 parentOf(qint64 id) const;
    QList<ChatEntry> following(qint64 id) const; // all branches, in the order they were written
    const ChatEntry* find(qint64 id) const;
    ChatEntry* find(qint64 id);

    /// Puts it behind its parent; the path then ends with it.
    void add(ChatEntry entry);
    /// Leads the path through this message and on to the newest that follows it.
    void choose(qint64 id);
    /// Leads the path through the branch `by` places beside this message's; its id, or 0 when there is none.
    qint64 step(qint64 id, int by);
    /// Forgets the message; what followed it follows what it followed, and the path goes on as it did.
    void removeOne(qint64 id);
    /// Forgets the message and all that follow it.
    void remove(qint64 id);
    /// Puts back what one of the two took. The path then leads through the first of them, unless `keepsPath`.
    void putBack(const api::RemovedMessages& removed, bool keepsPath);

private:
    void leadTo(qint64 id); // the path ends there
    qint64 newestAfter(qint64 id) const;

    QHash<qint64, ChatEntry> m_entries;
    QHash<qint64, QList<qint64>> m_following; // by parent, 0: none; in the order they were written
    QList<qint64> m_path;
};

} // namespace sy::app
