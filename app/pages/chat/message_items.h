// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/chat_service.h"
#include "widgets/conversation/message.h"
#include "widgets/source/source_panel.h"

namespace sy::app {

/// A stored message as the conversation shows it: passages, marks, words for its state, and its footer.
widgets::MessageItem toItem(const ChatEntry& entry, bool isLast, bool isChatBusy);

/// The number by which a citation is known in the window: its mark, or one below zero for a passage that the text does not cite.
int sourceNumber(const api::Message& message, size_t index);

/// What a source is called: the document's title, or the name of its file.
QString titleOf(const api::Citation& citation);

/// The sources of an answer as the source panel shows them.
QList<widgets::SourceItem> toSources(const api::Message& message);

/// The text with kUnsupportedMark behind each sentence that claims something no source supports.
QString withUnsupportedMarks(const std::string& text, const std::vector<api::SentenceSupport>& support);

/// Code points of `text` before UTF-16 position conversion: the index of the n-th code point.
qsizetype utf16Index(const QString& text, int64_t codePoint);

} // namespace sy::app
