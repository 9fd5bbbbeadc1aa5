// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/format_table.h"
#include "engine/documents/normalize.h"

#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

using namespace sy::documents;

class DocumentTextTest : public QObject {
    Q_OBJECT
private slots:
    void textIsNormalized_data()
    {
        QTest::addColumn<QByteArray>("in");
        QTest::addColumn<QByteArray>("out");
        auto row = [](const char* name, const char* in, const char* out) {
            QTest::newRow(name) << QByteArray(in) << QByteArray(out);
        };
        row("composes", "Cafe\u0301 A\u030angstro\u0308m", "Café Ångström");
        row("compatibility ideograph", "\uf900", "\u8c48");
        row("zero width", "pass\u200bword\ufeff \u2060x", "password x");
        row("bidi controls", "a\u202eb\u2066c\u2069", "abc");
        row("tag characters", "hi\U000e0041\U000e0042 there", "hi there");
        row("soft hyphen", "inter\u00adnational", "international");
        row("line ends", "a\r\nb\rc\u2028d\fe", "a\nb\nc\nd\ne");
        row("spaces", "a\u00a0b\u2009c\td\u3000e", "a b c\td\u3000e");
        row("controls",
            "a\x01\x02\x7f"
            "b",
            "ab");
        row("joiner in Persian", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645");
        row("joiner in Latin", "a\u200cb\u200dc", "abc");
        row("emoji sequence", "\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c");
        row("ligature stays in text", "ﬁne", "ﬁne");
    }
    void textIsNormalized()
    {
        QFETCH(QByteArray, in);
        QFETCH(QByteArray, out);
        QCOMPARE(QByteArray::fromStdString(normalized(in.toStdString())), out);
        QCOMPARE(QByteArray::fromStdString(normalized(out.toStdString())), out);
    }

    void glyphFormsAreFoldedForLaidOutPages()
    {
        const NormalizeOptions fold{.foldsGlyphForms = true};
        QCOMPARE(normalized("oﬃce ﬁne ﬂow ﬆ", fold), std::string("office fine flow st"));
        QCOMPARE(normalized("\u2f00\u2f08", fold), std::string("一人"));
    }

    void markdownTakesItsTitleFromTheFirstHeading()
    {
        write("a.md", "Intro\n\n# The Handbook #\n\nText");
        QCOMPARE(read("a.md").title, std::string("The Handbook"));
        write("b.md", "---\ntitle: \"Night Shift\"\n---\n\nText");
        QCOMPARE(read("b.md").title, std::string("Night Shift"));
        write("c.md", "no heading");
        QCOMPARE(read("c.md").title, std::string("c"));
        QCOMPARE(read("a.md").markup, Markup::Markdown);
    }

    void formatsAreFoundByTheirExtension()
    {
        QCOMPARE(formatOfPath("/x/REPORT.PDF")->mediaType, std::string_view("application/pdf"));
        QCOMPARE(formatOfPath("README")->mediaType, std::string_view("text/plain"));
        QCOMPARE(formatOfPath("x.tsv")->mediaType, std::string_view("text/csv"));
        QVERIFY(formatOfPath("x.docx") == nullptr);
        QVERIFY(formatOfPath("x.") != nullptr);
        for (const Format& format : formats())
            QVERIFY(format.hasPages == (format.renderPage != nullptr) && format.hasPages == (format.boxesOfSpan != nullptr));
    }

    void unreadableFilesSaySoInOneSentence()
    {
        write("x.docx", "PK");
        write("empty.txt", "");
        write("blank.txt", " \n\n ");
        write("binary.txt", std::string("\0\1\2\3\0\5\6", 7));
        write("broken.pdf", "%PDF-1.7\nnothing else");
        for (const char* name : {"x.docx", "empty.txt", "blank.txt", "binary.txt", "broken.pdf", "absent.txt"}) {
            const Document document = read(name);
            QCOMPARE(document.outcome, Outcome::Error);
            QVERIFY2(document.message.size() > 10 && document.message.ends_with('.'), document.message.c_str());
            QVERIFY(document.pages.empty());
        }
    }

    void aPdfUnderAnotherNameIsStillAPdf()
    {
        write("scan.txt", "%PDF-1.7\nnothing else");
        QCOMPARE(read("scan.txt").mediaType, std::string("application/pdf"));
    }

    void damagedUtf8IsPartial()
    {
        write("d.txt", "Größe, Länge, Höhe, Übermaß, Änderung, Straße, früh, müde, schön, Öl, Äpfel, Gemüse, Möhre, süß, "
                       "grün, Tür \xff ende");
        const Document document = read("d.txt");
        QCOMPARE(document.outcome, Outcome::Partial);
        QVERIFY(document.pages.at(0).text.find("Tür \xef\xbf\xbd ende") != std::string::npos);
    }

private:
    Document read(const std::string& name) const { return readDocument(m_folder.path().toStdString() + "/" + name); }
    void write(const std::string& name, const std::string& bytes) const
    {
        std::ofstream(m_folder.path().toStdString() + "/" + name, std::ios::binary) << bytes;
    }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(DocumentTextTest)
#include "tst_document_text.moc"
