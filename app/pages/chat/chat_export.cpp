// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/chat/chat_export.h"

#include "app/pages/chat/message_items.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(ChatExport)
public:
    static QString heading(bool isUser) { return isUser ? tr("You") : tr("Answer"); }
    static QString page(int page) { return tr("page %1").arg(page); }
    static QString sources() { return tr("Sources"); }
    static QString attached(const QString& names) { return tr("Attached: %1").arg(names); }
    static QString madeBy(const api::MessageTimings& t)
    {
        const QLocale locale;
        return tr("%1, seed %2, %3 tokens/s").arg(QString::fromStdString(t.model), QString::number(t.seed), locale.toString(t.decodeTokensPerSecond, 'f', 1));
    }
};

QString toQ(const std::string& text)
{
    return QString::fromStdString(text);
}

QString isoTime(api::Time time)
{
    return QDateTime::fromMSecsSinceEpoch(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count()).toString(Qt::ISODate);
}

const char* statusWord(api::MessageStatus status)
{
    switch (status) {
    case api::MessageStatus::complete: return "complete";
    case api::MessageStatus::streaming: return "streaming";
    case api::MessageStatus::stopped: return "stopped";
    case api::MessageStatus::failed: return "failed";
    }
    return "";
}

QJsonObject jsonOf(const api::Citation& c)
{
    QJsonObject object{{"title", titleOf(c)}, {"document", toQ(c.document)}, {"text", toQ(c.text)}};
    if (c.marker > 0)
        object.insert("marker", c.marker);
    if (c.page > 0) {
        object.insert("page", c.page);
        object.insert("start", qint64(c.start));
        object.insert("end", qint64(c.end));
    }
    object.insert("score", c.score);
    return object;
}

QJsonObject jsonOf(const api::MessageTimings& t)
{
    return {{"model", toQ(t.model)},
            {"seed", QString::number(t.seed)}, // 64 bits do not fit a number of JSON
            {"finish", toQ(t.finish)},
            {"promptTokens", qint64(t.promptTokens)},
            {"cachedTokens", qint64(t.cachedTokens)},
            {"generatedTokens", qint64(t.generatedTokens)},
            {"draftedTokens", qint64(t.draftedTokens)},
            {"trueDrafts", qint64(t.trueDrafts)},
            {"timeToFirstTokenMs", t.timeToFirstTokenMs},
            {"prefillTokensPerSecond", t.prefillTokensPerSecond},
            {"decodeTokensPerSecond", t.decodeTokensPerSecond},
            {"retrievalMs", t.retrievalMs}};
}

} // namespace

QByteArray toMarkdown(const api::ChatSummary& chat, const QList<ChatEntry>& entries)
{
    QString text = QStringLiteral("# %1\n").arg(toQ(chat.title));
    for (const ChatEntry& entry : entries) {
        const api::Message& m = entry.message;
        const bool isUser = m.role == "user";
        text += QStringLiteral("\n## %1\n\n%2\n").arg(Words::heading(isUser), toQ(m.text));
        if (isUser && !m.citations.empty()) {
            QStringList names;
            for (const api::Citation& attachment : m.citations)
                names << titleOf(attachment);
            text += QStringLiteral("\n%1\n").arg(Words::attached(names.join(QStringLiteral(", "))));
        } else if (!m.citations.empty()) {
            text += QStringLiteral("\n%1:\n\n").arg(Words::sources());
            for (const api::Citation& c : m.citations) {
                text += c.marker > 0 ? QStringLiteral("- [%1] %2").arg(c.marker).arg(titleOf(c)) : QStringLiteral("- %1").arg(titleOf(c));
                if (c.page > 0)
                    text += QStringLiteral(", ") + Words::page(c.page);
                text += QLatin1Char('\n');
            }
        }
        if (m.timings && !m.timings->model.empty())
            text += QStringLiteral("\n*%1*\n").arg(Words::madeBy(*m.timings));
    }
    return text.toUtf8();
}

QByteArray toJson(const api::ChatSummary& chat, const QList<ChatEntry>& entries)
{
    QJsonArray messages;
    for (const ChatEntry& entry : entries) {
        const api::Message& m = entry.message;
        QJsonObject object{{"role", toQ(m.role)}, {"text", toQ(m.text)}, {"created", isoTime(m.created)}, {"status", QString::fromLatin1(statusWord(m.status))}};
        QJsonArray sources;
        for (const api::Citation& c : m.citations)
            sources.push_back(jsonOf(c));
        if (!sources.isEmpty())
            object.insert(m.role == "user" ? "attachments" : "sources", sources);
        QJsonArray support;
        for (const api::SentenceSupport& sentence : m.support) {
            QJsonArray markers;
            for (const int marker : sentence.markers)
                markers.push_back(marker);
            support.push_back(QJsonObject{{"start", qint64(sentence.start)}, {"end", qint64(sentence.end)}, {"isClaim", sentence.isClaim}, {"markers", markers}});
        }
        if (!support.isEmpty())
            object.insert("support", support);
        if (!m.queryUsed.empty())
            object.insert("queryUsed", toQ(m.queryUsed));
        if (m.timings)
            object.insert("timings", jsonOf(*m.timings));
        if (!m.error.empty())
            object.insert("error", toQ(m.error));
        messages.push_back(object);
    }
    return QJsonDocument(QJsonObject{{"title", toQ(chat.title)}, {"created", isoTime(chat.created)}, {"collection", toQ(chat.collection)}, {"messages", messages}}).toJson();
}

} // namespace sy::app
