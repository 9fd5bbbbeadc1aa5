// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/chat_tree.h"

#include <algorithm>

namespace sy::app {

ChatTree::ChatTree(std::vector<api::Message> messages, qint64 leaf)
{
    qint64 newest = 0;
    for (api::Message& message : messages) {
        newest = message.id;
        if (message.parent.value_or(0) >= message.id) // of a damaged file; nothing follows what came later
            message.parent = 0;
        m_following[message.parent.value_or(0)].push_back(message.id);
        m_entries.insert(newest, {std::move(message), {}, {}});
    }
    leadTo(m_entries.contains(leaf) ? leaf : newest);
}

QList<ChatEntry> ChatTree::path() const
{
    QList<ChatEntry> entries;
    entries.reserve(m_path.size());
    for (const qint64 id : m_path)
        entries.push_back(*find(id));
    return entries;
}

qint64 ChatTree::parentOf(qint64 id) const
{
    const auto it = m_entries.constFind(id);
    return it == m_entries.cend() ? 0 : it->message.parent.value_or(0);
}

QList<ChatEntry> ChatTree::following(qint64 id) const
{
    QList<ChatEntry> entries;
    for (const qint64 next : m_following.value(id))
        entries.push_back(*find(next));
    return entries;
}

const ChatEntry* ChatTree::find(qint64 id) const
{
    const auto it = m_entries.constFind(id);
    return it == m_entries.cend() ? nullptr : &*it;
}

ChatEntry* ChatTree::find(qint64 id)
{
    const auto it = m_entries.find(id);
    return it == m_entries.end() ? nullptr : &*it;
}

void ChatTree::add(ChatEntry entry)
{
    const qint64 id = entry.message.id;
    m_following[entry.message.parent.value_or(0)].push_back(id);
    m_entries.insert(id, std::move(entry));
    leadTo(id);
}

qint64 ChatTree::newestAfter(qint64 id) const
{
    for (auto next = m_following.constFind(id); next != m_following.cend() && !next->isEmpty(); next = m_following.constFind(id))
        id = next->back();
    return id;
}

void ChatTree::leadTo(qint64 id)
{
    m_path.clear();
    for (; m_entries.contains(id); id = parentOf(id)) {
        m_path.push_back(id);
        const QList<qint64>& beside = m_following[parentOf(id)];
        ChatEntry& entry = m_entries[id];
        entry.branch = int(beside.indexOf(id)) + 1;
        entry.nBranches = int(beside.size());
    }
    std::reverse(m_path.begin(), m_path.end());
}

void ChatTree::choose(qint64 id)
{
    if (m_entries.contains(id))
        leadTo(newestAfter(id));
}

qint64 ChatTree::step(qint64 id, int by)
{
    const QList<qint64> beside = m_following.value(parentOf(id));
    const qsizetype wanted = beside.indexOf(id) + by;
    if (!m_entries.contains(id) || wanted < 0 || wanted >= beside.size())
        return 0;
    choose(beside[wanted]);
    return beside[wanted];
}

void ChatTree::removeOne(qint64 id)
{
    if (!m_entries.contains(id))
        return;
    const qint64 parent = parentOf(id);
    const bool wasLast = last() == id;
    m_following[parent].removeOne(id);
    for (const qint64 follower : m_following.take(id)) {
        m_entries[follower].message.parent = parent;
        m_following[parent].push_back(follower);
    }
    std::sort(m_following[parent].begin(), m_following[parent].end()); // ids grow: the order they were written in
    m_entries.remove(id);
    leadTo(wasLast ? newestAfter(parent) : last());
}

void ChatTree::putBack(const api::RemovedMessages& removed, bool keepsPath)
{
    if (removed.messages.empty())
        return;
    const qint64 first = removed.messages.front().id;
    for (const api::Message& message : removed.messages) {
        QList<qint64>& beside = m_following[message.parent.value_or(0)];
        beside.push_back(message.id);
        std::sort(beside.begin(), beside.end());
        m_entries.insert(message.id, {message, {}, {}});
    }
    for (const qint64 follower : removed.followers) {
        if (!m_entries.contains(follower))
            continue;
        m_following[parentOf(follower)].removeOne(follower);
        m_entries[follower].message.parent = first;
        m_following[first].push_back(follower);
    }
    const qint64 end = last();
    choose(first);
    if (keepsPath && end != 0)
        leadTo(end);
}

void ChatTree::remove(qint64 id)
{
    if (!m_entries.contains(id))
        return;
    const qint64 parent = parentOf(id);
    const bool isOnPath = m_path.contains(id);
    m_following[parent].removeOne(id);
    QList<qint64> leaving{id};
    while (!leaving.isEmpty()) {
        const qint64 now = leaving.takeLast();
        leaving += m_following.take(now);
        m_entries.remove(now);
    }
    leadTo(isOnPath ? newestAfter(parent) : last()); // a branch that stays or what came before; beside the path only numbers change
}

} // namespace sy::app
