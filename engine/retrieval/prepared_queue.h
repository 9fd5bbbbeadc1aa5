// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/prepared_document.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace sy::retrieval {

/// Hands prepared documents from the reading thread to the embedding one; bounded, so that reading runs only a little ahead.
class PreparedQueue {
public:
    bool push(PreparedDocument document) // waits for room; false: aborted
    {
        std::unique_lock lock(m_mutex);
        m_hasRoom.wait(lock, [&] { return m_isAborted || (m_documents.size() < kMaxDocuments && m_nChunks < kMaxChunks); });
        if (m_isAborted)
            return false;
        m_nChunks += document.chunks.size();
        m_documents.push_back(std::move(document));
        m_hasDocuments.notify_one();
        return true;
    }

    std::optional<PreparedDocument> pop() // waits; empty: closed and empty, or aborted
    {
        std::unique_lock lock(m_mutex);
        m_hasDocuments.wait(lock, [&] { return m_isAborted || m_isClosed || !m_documents.empty(); });
        if (m_isAborted || m_documents.empty())
            return std::nullopt;
        std::optional<PreparedDocument> document(std::move(m_documents.front()));
        m_documents.pop_front();
        m_nChunks -= document->chunks.size();
        m_hasRoom.notify_one();
        return document;
    }

    bool isEmpty() const
    {
        const std::lock_guard lock(m_mutex);
        return m_documents.empty();
    }

    void close() { set(m_isClosed); } // nothing more comes; what is there can still be taken
    void abort() { set(m_isAborted); }

private:
    static constexpr size_t kMaxDocuments = 64;
    static constexpr size_t kMaxChunks = 256; // about 400 KB of text

    void set(bool& flag)
    {
        const std::lock_guard lock(m_mutex);
        flag = true;
        m_hasRoom.notify_all();
        m_hasDocuments.notify_all();
    }

    mutable std::mutex m_mutex;
    std::condition_variable m_hasRoom, m_hasDocuments;
    std::deque<PreparedDocument> m_documents;
    size_t m_nChunks = 0;
    bool m_isClosed = false, m_isAborted = false;
};

} // namespace sy::retrieval
