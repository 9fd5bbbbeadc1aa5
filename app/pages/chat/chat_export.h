// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/chat_tree.h"

namespace sy::app {

/// The shown branch of a chat for a file. Markdown is for readers: texts, sources, and how each answer was made in one line. JSON is
/// for programs: everything stored with each message, so that an answer can be traced to model, seed and passages.
QByteArray toMarkdown(const api::ChatSummary& chat, const QList<ChatEntry>& entries);
QByteArray toJson(const api::ChatSummary& chat, const QList<ChatEntry>& entries);

} // namespace sy::app
