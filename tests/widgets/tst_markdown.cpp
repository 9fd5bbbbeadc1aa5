// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/markdown/block_layout.h"
#include "widgets/markdown/block_parser.h"
#include "widgets/markdown/code_colors.h"
#include "widgets/markdown/inline_parser.h"

#include <QElapsedTimer>
#include <QRandomGenerator>
#include <QTest>

using namespace sy::widgets;

namespace {

QString shape(const QString& text)
{
    BlockParser parser;
    parser.setText(text);
    QStringList parts;
    for (const Block& b : parser.blocks()) {
        const char* names[] = {"p", "h", "code", "li", "quote", "table", "hr"};
        QString part = QString::fromLatin1(names[int(b.kind)]);
        if (b.kind == BlockKind::Heading)
            part += QString::number(b.level);
        if (b.depth > 0)
            part += QStringLiteral("@%1").arg(b.depth);
        parts << part;
    }
    return parts.join(QLatin1Char(' '));
}

const QString kEverything = QStringLiteral(
    "# Title\n\nFirst paragraph with **bold** and `code`\ncontinued here.\n\n- one\n- two\n  - nested\n    more text\n\n    paragraph of nested\n- three\n\n"
    "1. first\n2. second\n   ```python\n   print('x')\n   ```\n3. third\n\nAfter the list.\n\n> quoted\n> twice\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |\n\n"
    "***\n\n```cpp\nint main()\n{\n}\n```\nEnd with [1] and [link](https://example.org).\n\n中文段落。**重点**在这里[2]。\n");

} // namespace

class TestMarkdown : public QObject {
    Q_OBJECT
private slots:
    void blocksOfADocument();
    void growingTextGivesTheSameBlocksAsTheWhole_data();
    void growingTextGivesTheSameBlocksAsTheWhole();
    void growingTextChangesOnlyTheEnd();
    void randomEditsGiveTheSameBlocksAsTheWhole();
    void longCodeAndLongLinesAreCut();
    void cutPiecesHoldTheWholeText();
    void fiftyThousandTokensParseQuickly();
    void emphasis_data();
    void emphasis();
    void citationsAreOnlyKnownNumbers();
    void linksAndAddresses();
    void privateUseCharactersOfAModelVanish();
    void tableCellsAndCopiedText();
    void codeColorsKnowStringsAndComments();
    void hostileInputEnds();
};

void TestMarkdown::blocksOfADocument()
{
    QCOMPARE(shape(kEverything),
             QStringLiteral("h1 p li li li@1 li@2 li li li code@1 li p quote table hr code p p"));
    QCOMPARE(shape(QStringLiteral("text\n- a\n- b")), QStringLiteral("p li li"));
    QCOMPARE(shape(QStringLiteral("```\nopen")), QStringLiteral("code"));
    QCOMPARE(shape(QStringLiteral("#hashtag")), QStringLiteral("p"));
    QCOMPARE(shape(QStringLiteral("2024. was a year")), QStringLiteral("li"));
    QCOMPARE(shape(QStringLiteral("a | b without a delimiter row")), QStringLiteral("p"));
    QCOMPARE(shape(QStringLiteral("")), QString());
    QCOMPARE(shape(QStringLiteral("\n\n\n")), QString());
    BlockParser parser;
    parser.setText(QStringLiteral("~~~~js\n```\ninner\n```\n~~~~\n"));
    QCOMPARE(parser.blocks().size(), size_t(1));
    QCOMPARE(parser.blocks()[0].text, QStringLiteral("```\ninner\n```"));
    QCOMPARE(parser.blocks()[0].language, QStringLiteral("js"));
    QVERIFY(!parser.blocks()[0].isOpen);
}

void TestMarkdown::growingTextGivesTheSameBlocksAsTheWhole_data()
{
    QTest::addColumn<int>("step");
    QTest::newRow("characters") << 1;
    QTest::newRow("tokens") << 4;
    QTest::newRow("lines") << 37;
}

void TestMarkdown::growingTextGivesTheSameBlocksAsTheWhole()
{
    QFETCH(int, step);
    QString text = kEverything;
    for (int i = 0; i < 150; ++i)
        text += QStringLiteral("Sentence number %1 of a long list.\n").arg(i);
    text += QStringLiteral("\n```\n");
    for (int i = 0; i < 200; ++i)
        text += QStringLiteral("line %1\n").arg(i);
    text += QStringLiteral("```\n\n| h |\n|---|\n");
    for (int i = 0; i < 100; ++i)
        text += QStringLiteral("| row %1 |\n").arg(i);
    text += QString(9000, QLatin1Char('x')) + QStringLiteral(" ends. ") + QString(9000, QChar(0x4E2D));
    BlockParser growing;
    for (qsizetype n = step; n < text.size() + step; n += step) {
        growing.setText(text.left(n));
        if (n % (step * 50) == 0 || n >= text.size()) {
            BlockParser whole;
            whole.setText(text.left(n));
            if (growing.blocks() != whole.blocks()) {
                for (size_t i = 0; i < std::min(growing.blocks().size(), whole.blocks().size()); ++i)
                    if (!(growing.blocks()[i] == whole.blocks()[i]))
                        QFAIL(qPrintable(QStringLiteral("at %1 block %2: '%3' and '%4'").arg(n).arg(i).arg(growing.blocks()[i].text.left(80), whole.blocks()[i].text.left(80))));
                QFAIL(qPrintable(QStringLiteral("at %1: %2 and %3 blocks").arg(n).arg(growing.blocks().size()).arg(whole.blocks().size())));
            }
        }
    }
}

void TestMarkdown::growingTextChangesOnlyTheEnd()
{
    QString text;
    for (int i = 0; i < 500; ++i)
        text += QStringLiteral("Paragraph %1 has some words.\n\n").arg(i);
    BlockParser parser;
    parser.setText(text);
    const size_t before = parser.blocks().size();
    QCOMPARE(before, size_t(500));
    QVERIFY(parser.setText(text + QStringLiteral("And a new one")) >= before - 1);
    QVERIFY(parser.setText(text + QStringLiteral("And a new one grows")) >= before - 1);
}

void TestMarkdown::randomEditsGiveTheSameBlocksAsTheWhole()
{
    QRandomGenerator random(7);
    const QStringList bits = {QStringLiteral("- item\n"), QStringLiteral("  - sub\n"), QStringLiteral("```\n"), QStringLiteral("code x\n"), QStringLiteral("\n"),
                              QStringLiteral("| a | b |\n"), QStringLiteral("|---|---|\n"), QStringLiteral("# h\n"), QStringLiteral("plain text\n"),
                              QStringLiteral("> q\n"), QStringLiteral("---\n"), QStringLiteral("1. n\n"), QStringLiteral("    deep\n")};
    for (int round = 0; round < 300; ++round) {
        BlockParser kept;
        QString text;
        for (int i = 0; i < 60; ++i) {
            const QString bit = bits[random.bounded(int(bits.size()))];
            if (random.bounded(5) == 0 && !text.isEmpty())
                text.insert(random.bounded(int(text.size())), bit);
            else
                text += bit;
            kept.setText(text);
        }
        BlockParser whole;
        whole.setText(text);
        QVERIFY2(kept.blocks() == whole.blocks(), qPrintable(text));
    }
}

void TestMarkdown::longCodeAndLongLinesAreCut()
{
    QString code = QStringLiteral("```c\n");
    for (int i = 0; i < 1000; ++i)
        code += QStringLiteral("x = %1;\n").arg(i);
    BlockParser parser;
    parser.setText(code);
    QVERIFY(parser.blocks().size() > 10);
    QVERIFY(parser.blocks()[1].continues);
    parser.setText(QString(50000, QChar(0x6C49)));
    for (const Block& block : parser.blocks())
        QVERIFY(block.text.size() <= 6000);
}

void TestMarkdown::cutPiecesHoldTheWholeText()
{
    QString line;
    for (int i = 0; i < 4000; ++i)
        line += QStringLiteral("word%1 ").arg(i);
    BlockParser parser;
    parser.setText(line);
    QString joined;
    for (const Block& block : parser.blocks())
        joined += block.text;
    QCOMPARE(joined, line);
}

void TestMarkdown::fiftyThousandTokensParseQuickly()
{
    QString text;
    while (text.size() < 250000)
        text += kEverything;
    QElapsedTimer timer;
    timer.start();
    BlockParser parser;
    parser.setText(text);
    const qint64 whole = timer.elapsed();
    timer.restart();
    for (int i = 0; i < 100; ++i)
        parser.setText(text += QStringLiteral("word "));
    const qint64 appends = timer.elapsed();
    qInfo("250000 characters: %lld ms; one appended word: %.2f ms", whole, double(appends) / 100);
    QVERIFY2(appends / 100 <= whole / 4, "an appended word costs a good part of the whole text");
}

void TestMarkdown::emphasis_data()
{
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("expected"); // <b> <i> <s> <c>
    QTest::newRow("bold") << "a **b** c" << "a <b>b</b> c";
    QTest::newRow("italic") << "a *b* c" << "a <i>b</i> c";
    QTest::newRow("both") << "***x***" << "<bi>x</bi>";
    QTest::newRow("nested") << "**a *b* c**" << "<b>a </b><bi>b</bi><b> c</b>";
    QTest::newRow("chinese") << "这是**重点。**后面" << "这是<b>重点。</b>后面";
    QTest::newRow("chinese quotes") << "叫**“名字”**的人" << "叫<b>“名字”</b>的人";
    QTest::newRow("unfinished") << "a **b" << "a **b";
    QTest::newRow("snake") << "snake_case_name" << "snake_case_name";
    QTest::newRow("product") << "2*3*4" << "2*3*4";
    QTest::newRow("struck") << "~~no~~ ~one~" << "<s>no</s> ~one~";
    QTest::newRow("code") << "`a*b*` and `` x`y ``" << "<c>a*b*</c> and <c>x`y</c>";
    QTest::newRow("escape") << "\\*not\\* bold" << "*not* bold";
    QTest::newRow("spaces") << "a * b * c" << "a * b * c";
    QTest::newRow("entity") << "a &lt; b &amp; c" << "a < b & c";
}

void TestMarkdown::emphasis()
{
    QFETCH(QString, source);
    QFETCH(QString, expected);
    const InlineText text = parseInline(source, 0);
    QString seen;
    for (const InlineSpan& s : text.spans) {
        QString tag;
        tag += s.isBold ? "b" : "";
        tag += s.isItalic ? "i" : "";
        tag += s.isStruck ? "s" : "";
        tag += s.isCode ? "c" : "";
        const QString part = text.text.mid(s.start, s.length);
        seen += tag.isEmpty() ? part : QStringLiteral("<%1>%2</%1>").arg(tag, part);
    }
    QCOMPARE(seen, expected);
}

void TestMarkdown::citationsAreOnlyKnownNumbers()
{
    const auto numbers = [](const QString& source, int known) {
        QList<int> found;
        for (const InlineSpan& span : parseInline(source, known).spans)
            if (span.citation > 0)
                found << span.citation;
        return found;
    };
    QCOMPARE(numbers(QStringLiteral("Yes [1]. No [2][3]."), 3), (QList<int>{1, 2, 3}));
    QCOMPARE(numbers(QStringLiteral("Yes [1, 2]、[3]"), 3), (QList<int>{1, 2, 3}));
    QCOMPARE(numbers(QStringLiteral("array[4] and [7]"), 3), QList<int>{});
    QCOMPARE(numbers(QStringLiteral("array[1]"), 0), QList<int>{});
    QCOMPARE(numbers(QStringLiteral("[1](https://a.example) stays a link"), 3), QList<int>{});
    QCOMPARE(numbers(QStringLiteral("`x[1]` is code"), 3), QList<int>{});
    const InlineText marked = parseInline(QStringLiteral("A claim.") + kUnsupportedMark, 2);
    QVERIFY(marked.spans.back().isUnsupported);
}

void TestMarkdown::linksAndAddresses()
{
    const InlineText text = parseInline(QStringLiteral("See [the **page**](https://e.org/a_(b)) or https://x.org/y?z=1, 或https://例.中/。"), 0);
    QStringList urls;
    for (const InlineSpan& span : text.spans)
        if (!span.url.isEmpty() && !urls.contains(span.url))
            urls << span.url;
    QCOMPARE(urls.value(0), QStringLiteral("https://e.org/a_(b)"));
    QCOMPARE(urls.value(1), QStringLiteral("https://x.org/y?z=1"));
    QVERIFY(text.text.startsWith(QStringLiteral("See the page or ")));
}

void TestMarkdown::privateUseCharactersOfAModelVanish()
{
    QCOMPARE(parseInline(QStringLiteral("a") + QChar(0xE123) + QStringLiteral("b"), 0).text, QStringLiteral("ab"));
}

void TestMarkdown::tableCellsAndCopiedText()
{
    BlockParser parser;
    parser.setText(QStringLiteral("| Name | Value |\n|---|--:|\n| a | 1 |\n| `x|y` | 2 [1] |\n"));
    QCOMPARE(parser.blocks().size(), size_t(1));
    const BlockStyle style{.font = QFont(), .tokens = lightTokens(), .nCitations = 1, .copyLabel = QStringLiteral("Copy")};
    const BlockLayout layout(parser.blocks()[0], style, 500, false);
    QCOMPARE(layout.copyText(0, layout.plainText().size()), QStringLiteral("Name\tValue\na\t1\nx|y\t2[1]"));
    QVERIFY(layout.height() > 50);
    QCOMPARE(layout.targets().size(), size_t(1));
}

void TestMarkdown::codeColorsKnowStringsAndComments()
{
    const QString code = QStringLiteral("x = 'a # b' # note\nreturn 42");
    const auto ranges = colorCode(code, u"python");
    QCOMPARE(ranges.size(), size_t(4));
    QCOMPARE(code.mid(ranges[0].start, ranges[0].length), QStringLiteral("'a # b'"));
    QCOMPARE(code.mid(ranges[1].start, ranges[1].length), QStringLiteral("# note"));
    QCOMPARE(int(ranges[2].tone), int(CodeTone::Keyword));
    QCOMPARE(int(ranges[3].tone), int(CodeTone::Number));
    QVERIFY(colorCode(code, u"").empty());
}

void TestMarkdown::hostileInputEnds()
{
    QElapsedTimer timer;
    timer.start();
    for (const QString& text : {QString(100000, QLatin1Char('*')), QString(100000, QLatin1Char('[')), QString(100000, QLatin1Char('`')),
                                QString(100000, QLatin1Char('>')), QString(100000, QLatin1Char('|')), QString(20000, QLatin1Char('-')) + QLatin1Char('\n'),
                                QStringLiteral("|a|\n|-|\n").repeated(5000), QStringLiteral("*a ").repeated(20000)}) {
        BlockParser parser;
        parser.setText(text);
        const BlockStyle style{.font = QFont(), .tokens = lightTokens(), .nCitations = 3, .copyLabel = {}};
        for (size_t i = 0; i < std::min<size_t>(parser.blocks().size(), 5); ++i)
            BlockLayout(parser.blocks()[i], style, 600, false);
    }
    QVERIFY2(timer.elapsed() < 8000, qPrintable(QString::number(timer.elapsed())));
}

QTEST_MAIN(TestMarkdown)
#include "tst_markdown.moc"
