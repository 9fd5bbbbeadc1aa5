// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/language.h"
#include "app/pages/chat/chat_export.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace sy;
using namespace sy::app;

namespace {

api::ChatSummary summary()
{
    return {.id = 1, .title = "Revenue", .created = std::chrono::system_clock::now(), .lastActive = {}, .collection = "Reports"};
}

QList<ChatEntry> conversation()
{
    api::Message question{.id = 1, .role = "user", .text = "收入怎么样？"};
    question.citations = {{.document = "/tmp/notes.txt", .title = "notes.txt"}};
    api::Message answer{.id = 2, .parent = 1, .role = "assistant", .text = "It rose [1].", .status = api::MessageStatus::complete};
    answer.citations = {{.marker = 1, .document = "/docs/a.pdf", .title = "Annual report", .page = 2, .start = 10, .end = 60, .text = "Revenue rose.", .score = 0.9},
                        {.document = "/docs/b.pdf", .page = 3, .text = "Other", .isCited = false}};
    answer.support = {{0, 12, {1}, true}};
    answer.timings = api::MessageTimings{.generatedTokens = 5, .decodeTokensPerSecond = 31.4, .finish = "stop", .model = "Tiny Chat", .seed = 18446744073709551615u};
    return {{question, {}, {}}, {answer, {}, {}}};
}

} // namespace

class TestChatExport : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_language.set(QStringLiteral("en")); }

    void markdownHasTextsSourcesAndHowTheyWereMade()
    {
        const QString text = QString::fromUtf8(toMarkdown(summary(), conversation()));
        QCOMPARE(text, QStringLiteral("# Revenue\n\n## You\n\n收入怎么样？\n\nAttached: notes.txt\n\n## Answer\n\nIt rose [1].\n\nSources:\n\n"
                                      "- [1] Annual report, page 2\n- b.pdf, page 3\n\n*Tiny Chat, seed 18446744073709551615, 31.4 tokens/s*\n"));
    }

    void jsonKeepsEverythingThatIsKnown()
    {
        const QJsonObject chat = QJsonDocument::fromJson(toJson(summary(), conversation())).object();
        QCOMPARE(chat["title"].toString(), QStringLiteral("Revenue"));
        QCOMPARE(chat["collection"].toString(), QStringLiteral("Reports"));
        const QJsonArray messages = chat["messages"].toArray();
        QCOMPARE(messages.size(), 2);
        QCOMPARE(messages[0]["attachments"][0]["document"].toString(), QStringLiteral("/tmp/notes.txt"));
        QCOMPARE(messages[1]["status"].toString(), QStringLiteral("complete"));
        QCOMPARE(messages[1]["sources"].toArray().size(), 2);
        QCOMPARE(messages[1]["sources"][0]["page"].toInt(), 2);
        QCOMPARE(messages[1]["sources"][0]["start"].toInt(), 10);
        QCOMPARE(messages[1]["support"][0]["markers"][0].toInt(), 1);
        QCOMPARE(messages[1]["timings"]["seed"].toString(), QStringLiteral("18446744073709551615")); // a double would round it
        QCOMPARE(messages[1]["timings"]["model"].toString(), QStringLiteral("Tiny Chat"));
    }

private:
    Language m_language;
};

QTEST_GUILESS_MAIN(TestChatExport)
#include "tst_chat_export.moc"
