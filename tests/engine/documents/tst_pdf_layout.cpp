// SPDX-License-Identifier: GPL-3.0-or-later
// Pages set by the test: words in the order of a library that reads straight across.
#include "engine/core/utf8.h"
#include "engine/documents/pdf_furniture.h"
#include "engine/documents/pdf_headings.h"
#include "engine/documents/pdf_layout.h"

#include <QtTest>
#include <algorithm>
#include <sstream>

using namespace sy::documents;

namespace {

constexpr double kWidth = 600, kHeight = 800;

// Words of a text with every letter half an em wide, set at x on the baseline's box top y.
void set(std::vector<PdfWord>& words, const std::string& text, double x, double y, double size = 10, bool bold = false)
{
    std::istringstream in(text);
    std::vector<PdfWord> line;
    for (std::string word; in >> word;) {
        const double width = 0.5 * size * static_cast<double>(sy::toUtf32(word).size());
        line.push_back({word, {x, y, x + width, y + size}, size, bold, true, 0});
        x += width + 0.3 * size;
    }
    if (!line.empty())
        line.back().hasSpaceAfter = false;
    words.insert(words.end(), line.begin(), line.end());
}

std::string textOf(std::vector<PdfWord> words, const std::string& raw = {})
{
    std::stable_sort(words.begin(), words.end(), [](const PdfWord& a, const PdfWord& b) { return a.box.top < b.box.top; });
    return joinLines(layOutPage(std::move(words), kWidth, kHeight, [&] { return raw; })).text;
}

} // namespace

class PdfLayoutTest : public QObject {
    Q_OBJECT
private slots:
    void columnsOfProseAreReadOneAfterTheOther()
    {
        std::vector<PdfWord> words;
        set(words, "A title over both of the columns of this page that is long", 100, 40, 16);
        for (int i = 0; i < 8; ++i) {
            set(words, "left column text that fills its own line" + std::to_string(i), 50, 100 + 14 * i);
            set(words, "right column text that fills its line " + std::to_string(i), 310, 103 + 14 * i);
        }
        const std::string text = textOf(words);
        QVERIFY2(text.find("line7") < text.find("right column"), text.c_str());
        QVERIFY(text.find("A title") < text.find("left column"));
        QVERIFY(text.find("line 0 right column text that fills its line 1") != std::string::npos);
    }

    void tablesAreReadRowByRow()
    {
        std::vector<PdfWord> words;
        const char* rows[][3] = {
            {"Part", "Count", "Price"}, {"Valve", "12", "7.50"}, {"Pump seal", "3", "41.00"}, {"Gasket", "150", "0.20"}};
        std::string raw;
        for (int r = 0; r < 4; ++r)
            for (int c = 0; c < 3; ++c) {
                set(words, rows[r][c], 60 + 150 * c, 100 + 16 * r);
                raw += std::string(rows[r][c]) + "\n";
            }
        QCOMPARE(textOf(words, raw),
                 std::string("Part\tCount\tPrice\nValve\t12\t7.50\nPump seal\t3\t41.00\nGasket\t150\t0.20"));
    }

    void wrappedCellsAreOneRow()
    {
        std::vector<PdfWord> words;
        set(words, "Instrument", 60, 100);
        set(words, "Hours in", 200, 100);
        set(words, "Main cause", 300, 100);
        set(words, "use", 200, 113);
        set(words, "Echelle", 60, 135);
        set(words, "812", 200, 135);
        set(words, "calibration", 300, 135);
        set(words, "spectrograph", 60, 148);
        set(words, "lamp", 300, 148);
        set(words, "Photometer", 60, 170);
        set(words, "390", 200, 170);
        set(words, "filter wheel", 300, 170);
        QCOMPARE(QString::fromStdString(textOf(words)),
                 QString("Instrument\tHours in use\tMain cause\nEchelle spectrograph\t812\tcalibration "
                         "lamp\nPhotometer\t390\tfilter wheel"));
    }

    void rowsOfAGroupStayRows()
    {
        std::vector<PdfWord> words;
        const char* rows[][3] = {{"Pumps", "HS-600", "4"}, {"", "ZK-20", "2"}, {"Tanks", "T-10", "7"}, {"", "T-20", "9"}};
        for (int r = 0; r < 4; ++r)
            for (int c = 0; c < 3; ++c)
                if (*rows[r][c] != 0)
                    set(words, rows[r][c], 60 + 120 * c, 100 + 13 * r + 12 * (r / 2));
        QCOMPARE(textOf(words), std::string("Pumps\tHS-600\t4\nZK-20\t2\nTanks\tT-10\t7\nT-20\t9"));
    }

    // Geometry cannot tell; the order of drawing can.
    void twoTextBoxesAreReadOneAfterTheOther()
    {
        std::vector<PdfWord> words;
        for (int i = 0; i < 3; ++i) {
            set(words, "Left " + std::to_string(i), 60, 100 + 20 * i);
            set(words, "Right " + std::to_string(i), 300, 100.6 + 20 * i);
        }
        const std::string boxes = textOf(words, "Left 0\nLeft 1\nLeft 2\nRight 0\nRight 1\nRight 2");
        QVERIFY2(boxes.find("Left 2") < boxes.find("Right 0"), boxes.c_str());
        const std::string rows = textOf(words, "Left 0\nRight 0\nLeft 1\nRight 1\nLeft 2\nRight 2");
        QVERIFY2(rows.find("Right 0") < rows.find("Left 1"), rows.c_str());
    }

    void lettersSetApartBecomeWords()
    {
        std::vector<PdfWord> words;
        double x = 100;
        for (const char c : std::string("Here is some text")) {
            if (c == ' ') {
                x += 5;
                continue;
            }
            words.push_back({std::string(1, c), {x, 100, x + 6, 112}, 12, false, true, 0});
            x += 7.5;
        }
        QCOMPARE(textOf(words), std::string("Here is some text"));
    }

    void answersToChooseFromStayApart()
    {
        std::vector<PdfWord> words;
        set(words, "A B C D E F", 100, 100);
        QCOMPARE(textOf(words), std::string("A B C D E F"));
    }

    void hyphensAtLineEndsJoinWords()
    {
        std::vector<PdfWord> words;
        set(words, "The well-known pump was re-", 50, 100);
        set(words, "paired by the well-", 50, 113);
        set(words, "known firm of Brand-", 50, 126);
        set(words, "Meyer in nineteen-", 50, 139);
        set(words, "seventy five again", 50, 152);
        const std::string text = textOf(words);
        QVERIFY2(text.find("was repaired by") != std::string::npos, text.c_str());
        QVERIFY2(text.find("by the well-known firm") != std::string::npos, text.c_str()); // written so elsewhere on the page
        QVERIFY2(text.find("Brand-Meyer") != std::string::npos, text.c_str());
    }

    void chineseLinesJoinWithoutASpace()
    {
        std::vector<PdfWord> words;
        auto line = [&](const std::string& text, double y) {
            double x = 50;
            std::string one;
            for (const char32_t c : sy::toUtf32(text)) {
                one.clear();
                sy::appendUtf8(one, c);
                words.push_back({one, {x, y, x + 10, y + 10}, 10, false, false, 0});
                x += 10.5; // justified: a little apart
            }
        };
        line("值班人员应当每日检查水泵的压力与温度", 100);
        line("并把读数写入记录簿。", 116);
        QCOMPARE(textOf(words), std::string("值班人员应当每日检查水泵的压力与温度并把读数写入记录簿。"));
    }

    void paragraphsArePartedByGapsAndIndents()
    {
        std::vector<PdfWord> words;
        set(words, "The first paragraph fills the whole of its line here and goes", 50, 100);
        set(words, "on in the next one.", 50, 113);
        set(words, "An indented line begins the second paragraph of this page and", 65, 126);
        set(words, "it ends in this line, which is as long as all the others were.", 50, 139);
        set(words, "A gap parts the third.", 50, 175);
        const std::string text = textOf(words);
        QCOMPARE(std::count(text.begin(), text.end(), '\n'), 4);
        QVERIFY2(text.find("goes on in") != std::string::npos, text.c_str());
        QVERIFY2(text.find("one.\n\nAn indented") != std::string::npos, text.c_str());
        QVERIFY2(text.find("were.\n\nA gap") != std::string::npos, text.c_str());
    }

    void textTurnedByAQuarterIsReadAlongItsLines()
    {
        std::vector<PdfWord> words; // running downwards, the second line to the left of the first
        words.push_back({"first", {300, 100, 310, 125}, 10, false, true, 1});
        words.push_back({"line", {300, 128, 310, 148}, 10, false, false, 1});
        words.push_back({"second", {280, 100, 290, 130}, 10, false, false, 1});
        const std::string text = textOf(words);
        QVERIFY2(text.starts_with("first line"), text.c_str());
        QVERIFY(text.find("second") > text.find("line"));
    }

    void wordsKnowTheirPlaceInTheText()
    {
        std::vector<PdfWord> words;
        set(words, "Druck und Tempe-", 50, 100);
        set(words, "ratur der Größe", 50, 113);
        const PdfPageText page = joinLines(layOutPage(words, kWidth, kHeight, {}));
        QCOMPARE(page.text, std::string("Druck und Temperatur der Größe"));
        const std::u32string wide = sy::toUtf32(page.text);
        QStringList got;
        for (const Word& word : page.words)
            got << QString::fromStdString(sy::toUtf8(std::u32string_view(wide).substr(
                static_cast<size_t>(word.start), static_cast<size_t>(word.end - word.start))));
        QCOMPARE(got, QStringList({"Druck", "und", "Tempe", "ratur", "der", "Größe"}));
    }

    void runningHeadersAndPageNumbersGoButTheFirstStays()
    {
        std::vector<std::vector<PdfLine>> pages;
        std::vector<std::vector<EdgeLine>> edges;
        for (int p = 0; p < 9; ++p) {
            std::vector<PdfWord> words;
            set(words, "Annual report of the harbour", 50, 20);
            set(words, "Body text of the page " + std::string(static_cast<size_t>(p + 3), 'x'), 50, 300);
            set(words, "- " + std::to_string(p + 11) + " -", 290, 780);
            pages.push_back(layOutPage(words, kWidth, kHeight, {}));
            edges.push_back(edgeLines(pages.back(), kHeight));
        }
        auto kept = [&](size_t p) {
            auto lines = pages[p];
            const size_t first = p > kFurnitureReach ? p - kFurnitureReach : 0,
                         last = std::min<size_t>(p + kFurnitureReach, pages.size() - 1);
            dropFurniture(lines, edges[p], std::span(edges).subspan(first, p - first),
                          std::span(edges).subspan(p + 1, last - p));
            std::string text;
            for (const PdfLine& line : lines)
                text += line.text + "|";
            return text;
        };
        QCOMPARE(kept(0), std::string("Annual report of the harbour|Body text of the page xxx|"));
        QCOMPARE(kept(4), std::string("Body text of the page xxxxxxx|"));
        QCOMPARE(kept(1), std::string("Body text of the page xxxx|"));
        QCOMPARE(kept(8), std::string("Body text of the page xxxxxxxxxxx|"));
    }

    void headingsAreLargeOrBoldOrNumbered()
    {
        std::vector<PdfWord> words;
        set(words, "Maintenance", 50, 50, 20);
        set(words, "2.1 Pumps", 50, 90, 10, true);
        for (int i = 0; i < 10; ++i)
            set(words, "Plain text of the body in its usual size that goes on and on", 50, 120 + 13 * i);
        set(words, "Valves", 50, 280, 14);
        set(words, "More of the plain text of the body in its usual size, some long", 50, 310);
        const PdfPageText laid = joinLines(layOutPage(words, kWidth, kHeight, {}));
        std::vector<Page> pages(1);
        pages[0].text = laid.text;
        markHeadings(pages, {laid.units}, {});
        QStringList got;
        for (const Heading& heading : pages[0].headings)
            got << QString("%1 %2")
                       .arg(heading.level)
                       .arg(QString::fromStdString(laid.text.substr(static_cast<size_t>(heading.start),
                                                                    static_cast<size_t>(heading.end - heading.start))));
        QCOMPARE(got, QStringList({"1 Maintenance", "2 2.1 Pumps", "2 Valves"}));
    }

    void numberingTellsDepth_data()
    {
        QTest::addColumn<QString>("line");
        QTest::addColumn<int>("depth");
        QTest::newRow("chapter") << "第三章 设备维护" << 1;
        QTest::newRow("section") << "第二节 检查" << 2;
        QTest::newRow("article") << "第十二条" << 3;
        QTest::newRow("page is none") << "第三页" << 0;
        QTest::newRow("list mark") << "一、总则" << 1;
        QTest::newRow("bracket") << "（二）借阅" << 2;
        QTest::newRow("decimal") << "2.3.1 Results" << 3;
        QTest::newRow("year") << "2024 was dry" << 0;
        QTest::newRow("roman") << "IV. RESULTS" << 1;
        QTest::newRow("appendix") << "A.2 Tables" << 2;
        QTest::newRow("word") << "Results" << 0;
        QTest::newRow("amount") << "3.5kg of salt" << 0;
    }
    void numberingTellsDepth()
    {
        QFETCH(QString, line);
        QTEST(numberingDepth(sy::toUtf32(line.toStdString())), "depth");
    }
};

QTEST_GUILESS_MAIN(PdfLayoutTest)
#include "tst_pdf_layout.moc"
