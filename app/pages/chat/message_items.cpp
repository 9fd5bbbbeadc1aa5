// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/chat/message_items.h"

#include "app/services/adapter_service.h"
#include "widgets/markdown/inline_parser.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QLocale>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(Messages)
public:
    static QString progress(const AnswerProgress& progress);
    static QString notice(const api::Message& message, bool isGrounded);
    static QString footer(const api::MessageTimings& timings);
    static QString footerDetail(const api::MessageTimings& timings);
    static QString page(int page) { return tr("page %1").arg(page); }
    static QString changedFile() { return tr("The file has changed since it was indexed; the passage was not found in it as it is now."); }
    static QString failedTitle() { return tr("The answer could not be made"); }
    static QString failedBefore() { return tr("Answer again to retry."); }
};

QString toQ(const std::string& text)
{
    return QString::fromStdString(text);
}

QString Words::progress(const AnswerProgress& progress)
{
    switch (progress.phase) {
    case AnswerProgress::Phase::Starting: return tr("Starting…");
    case AnswerProgress::Phase::ReadingFiles: return tr("Reading the attached files…");
    case AnswerProgress::Phase::Retrieving: return tr("Searching the documents…");
    case AnswerProgress::Phase::Prefill:
        return progress.fraction < 0 ? tr("Reading the prompt…") : tr("Reading the prompt… %1 %").arg(QLocale().toString(qRound(progress.fraction * 100)));
    case AnswerProgress::Phase::Queued: return tr("Waiting for another answer to finish…");
    case AnswerProgress::Phase::Decoding: return tr("Writing…");
    case AnswerProgress::Phase::Stopping: return tr("Stopping…");
    }
    return {};
}

QString Words::notice(const api::Message& message, bool isGrounded)
{
    QStringList parts;
    if (message.status == api::MessageStatus::stopped)
        parts << (message.text.empty() ? tr("Stopped before the answer began.") : tr("Stopped. What was written so far is kept."));
    const std::string finish = message.timings ? message.timings->finish : std::string();
    if (finish == "length")
        parts << tr("The answer reached its longest allowed length.");
    if (finish == "refused")
        parts << tr("The documents do not seem to answer this. The closest passages are listed above.");
    else if (isGrounded && message.status == api::MessageStatus::complete
             && std::none_of(message.citations.begin(), message.citations.end(), [](const api::Citation& c) { return c.isCited; }))
        parts << tr("No source was used for this answer.");
    if (!message.queryUsed.empty())
        parts << tr("Searched for: %1").arg(toQ(message.queryUsed));
    return parts.join(QLatin1Char('\n'));
}

QString Words::footer(const api::MessageTimings& t)
{
    const QLocale locale;
    QStringList parts;
    if (!t.adapter.empty())
        parts << tr("adapter %1").arg(adapterText(toQ(t.adapter), t.adapterStrength));
    if (t.decodeTokensPerSecond > 0)
        parts << tr("%1 tokens/s").arg(locale.toString(t.decodeTokensPerSecond, 'f', 1));
    if (t.timeToFirstTokenMs > 0)
        parts << tr("first token after %1 s").arg(locale.toString(t.timeToFirstTokenMs / 1000, 'f', t.timeToFirstTokenMs < 10000 ? 2 : 1));
    if (t.generatedTokens > 0)
        parts << tr("%n token(s)", nullptr, int(t.generatedTokens));
    if (t.finish == "cancelled")
        parts << tr("stopped");
    else if (t.finish == "length")
        parts << tr("cut at the limit");
    return parts.join(QStringLiteral(" · "));
}

QString Words::footerDetail(const api::MessageTimings& t)
{
    const QLocale locale;
    QStringList lines;
    if (!t.model.empty())
        lines << tr("Model: %1").arg(toQ(t.model));
    if (!t.adapter.empty())
        lines << tr("Adapter: %1").arg(adapterText(toQ(t.adapter), t.adapterStrength));
    lines << tr("Prompt: %1 tokens, %2 of them reused").arg(locale.toString(qlonglong(t.promptTokens)), locale.toString(qlonglong(t.cachedTokens)));
    if (t.prefillTokensPerSecond > 0)
        lines << tr("Prefill: %1 tokens/s").arg(locale.toString(t.prefillTokensPerSecond, 'f', 1));
    if (t.draftedTokens > 0)
        lines << tr("Draft model: %1 of %2 guesses came true").arg(locale.toString(qlonglong(t.trueDrafts)), locale.toString(qlonglong(t.draftedTokens)));
    if (t.retrievalMs > 0)
        lines << tr("Retrieval: %1 ms").arg(locale.toString(t.retrievalMs, 'f', 0));
    lines << tr("Seed: %1").arg(QString::number(t.seed));
    return lines.join(QLatin1Char('\n'));
}

} // namespace

QString titleOf(const api::Citation& citation)
{
    return citation.title.empty() ? QFileInfo(toQ(citation.document)).fileName() : toQ(citation.title);
}

qsizetype utf16Index(const QString& text, int64_t codePoint)
{
    qsizetype i = 0;
    for (int64_t n = 0; n < codePoint && i < text.size(); ++n)
        i += text[i].isHighSurrogate() && i + 1 < text.size() ? 2 : 1;
    return i;
}

QString withUnsupportedMarks(const std::string& source, const std::vector<api::SentenceSupport>& support)
{
    QString text = toQ(source);
    text.remove(widgets::kUnsupportedMark); // ours alone
    // From the end, so that earlier positions stay valid.
    for (auto it = support.rbegin(); it != support.rend(); ++it) {
        if (!it->isClaim || !it->markers.empty())
            continue;
        qsizetype at = utf16Index(text, it->end);
        while (at > 0 && text[at - 1].isSpace())
            --at;
        text.insert(at, widgets::kUnsupportedMark);
    }
    return text;
}

widgets::MessageItem toItem(const ChatEntry& entry, bool isLast, bool isChatBusy)
{
    const api::Message& m = entry.message;
    widgets::MessageItem item;
    item.id = m.id;
    item.isUser = m.role == "user";
    const bool isLive = m.status == api::MessageStatus::streaming;
    item.canEdit = item.isUser && !isChatBusy;
    item.canDelete = !isChatBusy;
    item.canRegenerate = isLast && !isChatBusy;
    item.canContinue = isLast && !isChatBusy && ChatService::canContinue(m);
    item.branch = entry.branch;
    item.nBranches = entry.nBranches;
    item.canSwitchBranch = !isChatBusy;
    if (item.isUser) {
        item.text = toQ(m.text);
        for (const api::Citation& attachment : m.citations)
            item.attachments << titleOf(attachment);
        return item;
    }
    const bool isGrounded = !m.citations.empty();
    item.text = isGrounded ? withUnsupportedMarks(m.text, m.support) : toQ(m.text);
    for (size_t i = 0; i < m.citations.size(); ++i) {
        const api::Citation& c = m.citations[i];
        // While the answer is being written nobody knows yet what it will cite: none is greyed out.
        item.passages.push_back({sourceNumber(m, i), titleOf(c), c.page > 0 ? Words::page(c.page) : QString(), toQ(c.text), c.isCited || isLive});
    }
    if (isLive) {
        item.state = m.text.empty() ? widgets::MessageState::Waiting : widgets::MessageState::Streaming;
        if (m.text.empty() || entry.progress.phase != AnswerProgress::Phase::Decoding)
            item.progressText = Words::progress(entry.progress);
        item.progress = entry.progress.fraction;
        return item;
    }
    if (m.status == api::MessageStatus::failed) {
        item.state = widgets::MessageState::Failed;
        item.errorTitle = entry.failure.title.isEmpty() ? Words::failedTitle() : entry.failure.title;
        item.errorText = entry.failure.title.isEmpty() ? toQ(m.error) + QLatin1Char('\n') + Words::failedBefore() : entry.failure.text();
        item.errorDetails = entry.failure.technical.isEmpty() ? toQ(m.error) : entry.failure.technical;
    } else {
        item.state = m.status == api::MessageStatus::stopped ? widgets::MessageState::Stopped : widgets::MessageState::Done;
    }
    item.notice = Words::notice(m, isGrounded);
    if (m.timings) {
        item.footer = Words::footer(*m.timings);
        item.footerDetail = Words::footerDetail(*m.timings);
    }
    return item;
}

int sourceNumber(const api::Message& message, size_t index)
{
    const int marker = message.citations[index].marker;
    return marker > 0 ? marker : -int(index) - 1;
}

QList<widgets::SourceItem> toSources(const api::Message& message)
{
    QList<widgets::SourceItem> sources;
    for (size_t i = 0; i < message.citations.size(); ++i) {
        const api::Citation& c = message.citations[i];
        widgets::SourceItem source{sourceNumber(message, i), titleOf(c), toQ(c.document), c.page, toQ(c.text), c.score, c.isCited, {}};
        if (!c.quoteFound)
            source.warning = Words::changedFile();
        sources.push_back(source);
    }
    return sources;
}

} // namespace sy::app
