// SPDX-License-Identifier: GPL-3.0-or-later
// The sample documents that everybody sees first, and the questions that the whole-path test asks about them.
#include "engine/documents/extractor.h"
#include "engine/documents/pdf_reader.h"

#include <QtTest>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace sy::documents;

class SamplesTest : public QObject {
    Q_OBJECT
private slots:
    // Without it Chinese text of many files is lost in silence; the package must depend on it.
    void popplerHasItsData() { QVERIFY(hasPopplerData()); }

    void everySampleIsReadInFull()
    {
        int nPdf = 0;
        for (const auto& entry : std::filesystem::directory_iterator(kSamples)) {
            const std::string extension = entry.path().extension();
            if (extension != ".pdf" && extension != ".md" && extension != ".txt")
                continue;
            const Document document = m_extractor.extract(entry.path());
            QVERIFY2(document.outcome == Outcome::Ok, (entry.path().string() + ": " + document.message).c_str());
            if (extension != ".pdf")
                continue;
            ++nPdf;
            QVERIFY(document.pages.size() >= 3 && document.pages.size() <= 6);
            QVERIFY(entry.file_size() < 300'000);
            for (const Page& page : document.pages) {
                QVERIFY(!page.headings.empty());
                // Running header and page number are gone, except for the title itself on the first page.
                QVERIFY2(page.number == 1 || page.text.find(document.title) == std::string::npos, page.text.c_str());
                QVERIFY(page.text.find(" / " + std::to_string(document.pages.size())) == std::string::npos);
            }
        }
        QCOMPARE(nPdf, 6);
    }

    void everyAnswerStandsOnItsPageOnly()
    {
        std::ifstream file(kSamples / "questions.json");
        const auto questions = nlohmann::json::parse(file);
        int nEnglish = 0;
        for (const auto& question : questions) {
            nEnglish += question["language"] == "en";
            const Document document = m_extractor.extract(kSamples / question["document"].get<std::string>());
            for (const Page& page : document.pages)
                QCOMPARE(page.text.find(question["answer"].get<std::string>()) != std::string::npos,
                         page.number == question["page"].get<int>());
        }
        QVERIFY(nEnglish >= 5 && static_cast<int>(questions.size()) - nEnglish >= 5);
    }

private:
    const std::filesystem::path kSamples = std::filesystem::path(SY_SOURCE_DIR) / "resources/samples";
    Extractor m_extractor{SY_READER_HELPER};
};

QTEST_GUILESS_MAIN(SamplesTest)
#include "tst_samples.moc"
