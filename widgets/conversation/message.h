// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

namespace sy::widgets {

/// A passage that an answer may cite, as the conversation shows it.
struct PassageItem {
    int number = 0;      // as in the text, from 1; a passage without a mark has a negative one of its own
    QString title;       // of the document
    QString location;    // "page 3", or empty
    QString text;
    bool isCited = true; // false: shown to the model, not used
};

enum class MessageState { Waiting, Streaming, Done, Stopped, Failed };

/// One message of a conversation, with everything the view draws. Plain values: the page fills them in.
struct MessageItem {
    qint64 id = 0;
    bool isUser = false;
    QString text;                  // Markdown; may hold kUnsupportedMark
    MessageState state = MessageState::Done;
    QList<PassageItem> passages;
    QStringList attachments;       // names shown above a user's message
    QString progressText;          // Waiting: "Reading the prompt"; Streaming: shown under the text when not empty, as "Stopping…"
    double progress = -1;          // of progressText, 0..1, or -1 when not known
    QString notice;                // a line under the text: "Stopped", "No source supports this answer"
    QString errorTitle;            // Failed
    QString errorText;
    QString errorDetails;          // for "Copy details"; empty: no such button
    QString footer;                // "31.4 tokens/s · first token 0.8 s"
    QString footerDetail;          // what pointing at the footer, or reaching it with the keyboard, adds
    int branch = 1;                // "2/3": this is the second of three that follow the same message
    int nBranches = 1;
    bool canSwitchBranch = false;
    bool canRegenerate = false;
    bool canContinue = false;
    bool canEdit = false;
    bool canDelete = false;
};

/// "2/3", as it stands between the arrows that lead to the other branches.
QString branchText(const MessageItem& message);

} // namespace sy::widgets
