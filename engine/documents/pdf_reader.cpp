// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/pdf_reader.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"
#include "engine/documents/pdf_file.h"
#include "engine/documents/pdf_furniture.h"
#include "engine/documents/pdf_headings.h"
#include "engine/documents/pdf_quality.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <optional>
#include <sys/stat.h>

namespace sy::documents {
namespace {

constexpr const char* kNeedsData = "Chinese, Japanese or Korean text could not be read because the package poppler-data is "
                                   "missing; install it and index the file again.";

// A page with its neighbours' edge lines, read once each while the window moves along.
class PageWindow {
public:
    explicit PageWindow(const PdfFile& file) : m_file(file) {}

    struct Result {
        PdfFile::PageContent content; // without furniture
        PdfPageText text;
    };

    Result page(int number)
    {
        while (!m_pages.empty() && m_pages.front().number < number - kFurnitureReach)
            m_pages.pop_front();
        for (int next = std::max(m_pages.empty() ? number - kFurnitureReach : m_pages.back().number + 1, 1);
             next <= std::min(number + kFurnitureReach, m_file.nPages()); ++next)
            read(next);
        std::vector<std::vector<EdgeLine>> before, after;
        Entry* entry = nullptr;
        for (Entry& candidate : m_pages) {
            if (candidate.number == number)
                entry = &candidate;
            else
                (candidate.number < number ? before : after).push_back(candidate.edges);
        }
        Result result;
        result.content = std::move(entry->content);
        dropFurniture(result.content.lines, entry->edges, before, after);
        result.text = joinLines(result.content.lines);
        return result;
    }

private:
    struct Entry {
        int number = 0;
        PdfFile::PageContent content;
        std::vector<EdgeLine> edges;
    };

    void read(int number)
    {
        Entry entry{number, m_file.readPage(number), {}};
        entry.edges = edgeLines(entry.content.lines, entry.content.height);
        m_pages.push_back(std::move(entry));
    }

    const PdfFile& m_file;
    std::deque<Entry> m_pages;
};

Document failed(Outcome outcome, const std::string& message)
{
    Document document;
    document.markup = Markup::Pages;
    document.outcome = outcome;
    document.message = message;
    return document;
}

std::optional<Document> problemOf(const PdfFile& file, bool hasPassword)
{
    switch (file.state()) {
    case PdfFile::State::Locked:
        return failed(Outcome::Password, hasPassword ? "The password does not open this file."
                                                     : "This file is protected: it opens with a password only.");
    case PdfFile::State::UnknownEncryption:
        return failed(Outcome::Error,
                      "This file is encrypted in a way that cannot be read, for example for the holder of a certificate.");
    case PdfFile::State::Damaged:
        return failed(Outcome::Error, "This is no PDF file, or it is damaged so badly that no page can be found.");
    case PdfFile::State::Open:
        break;
    }
    if (file.nPages() == 0)
        return failed(Outcome::Error, "The file is damaged: it has no pages that can be read.");
    return std::nullopt;
}

// "3, 7 to 9 and 12" for a message; long lists end with their number.
std::string pageList(const std::vector<int>& pages)
{
    std::string out;
    size_t nRanges = 0;
    for (size_t i = 0; i < pages.size(); ++nRanges) {
        size_t k = i;
        while (k + 1 < pages.size() && pages[k + 1] == pages[k] + 1)
            ++k;
        if (nRanges == 6)
            return out + " and " + std::to_string(pages.size() - i) + " more";
        if (!out.empty())
            out += ", ";
        out += std::to_string(pages[i]);
        if (k > i)
            out += (k == i + 1 ? ", " : " to ") + std::to_string(pages[k]);
        i = k + 1;
    }
    return out;
}

std::string pagesWord(const std::vector<int>& pages)
{
    return (pages.size() == 1 ? "Page " : "Pages ") + pageList(pages);
}

// A title for a file whose metadata has none: the largest heading of the first page.
std::string titleFromHeadings(const std::vector<Page>& pages)
{
    if (pages.empty() || pages.front().headings.empty())
        return {};
    const Heading& first = *std::min_element(pages.front().headings.begin(), pages.front().headings.end(),
                                             [](const Heading& a, const Heading& b) { return a.level < b.level; });
    const std::u32string text = toUtf32(pages.front().text);
    return toUtf8(
        std::u32string_view(text).substr(static_cast<size_t>(first.start), static_cast<size_t>(first.end - first.start)));
}

void conclude(Document& document, const PdfFile& file, const std::vector<int>& unreadable, const TextQuality& quality,
              bool isCut)
{
    std::vector<std::string> problems;
    if (file.lacksLanguageData())
        problems.push_back(kNeedsData);
    if (quality.nChars == 0) {
        document.outcome = Outcome::NoText;
        problems.push_back(
            unreadable.size() == document.pages.size()
                ? "No page of the file could be read: it is damaged."
                : "The file has no text: its pages are images or empty. Scanned pages need OCR (text recognition).");
        if (unreadable.size() == document.pages.size())
            document.outcome = Outcome::Error;
    } else if (quality.isGarbledThroughout) {
        document.outcome = Outcome::NoText;
        problems.push_back("The text of this file is stored with unknown characters and comes out garbled: it needs OCR "
                           "(text recognition).");
    } else {
        if (!unreadable.empty())
            problems.push_back(pagesWord(unreadable) + " could not be read: the file is damaged there.");
        if (!quality.garbledPages.empty())
            problems.push_back(pagesWord(quality.garbledPages) + (quality.garbledPages.size() == 1 ? " has" : " have") +
                               " text with unknown characters, which comes out garbled.");
        if (!quality.imagePages.empty())
            problems.push_back(pagesWord(quality.imagePages) + (quality.imagePages.size() == 1 ? " has" : " have") +
                               " an image instead of text and would need OCR.");
        if (isCut)
            problems.push_back("The file is very long: only its first " + std::to_string(document.pages.size()) +
                               " pages were read.");
        document.outcome = problems.empty() ? Outcome::Ok : Outcome::Partial;
    }
    for (const std::string& problem : problems)
        document.message += (document.message.empty() ? "" : " ") + problem;
}

} // namespace

Document readPdf(const std::string& path, const std::string& password, const ReadLimits& limits)
{
    const PdfFile file(path, password);
    if (auto problem = problemOf(file, !password.empty()))
        return *problem;

    Document document;
    document.markup = Markup::Pages;
    document.title = file.title();
    PageWindow window(file);
    QualityJudge judge(file);
    std::vector<std::vector<PdfUnit>> units;
    std::vector<int> unreadable;
    int64_t nBytes = 0;
    const int nPages = std::min(file.nPages(), limits.maxPages);
    bool isCut = nPages < file.nPages();
    for (int number = 1; number <= nPages; ++number) {
        PageWindow::Result result = window.page(number);
        nBytes += static_cast<int64_t>(result.text.text.size());
        if (nBytes > limits.maxTextBytes) {
            isCut = true;
            break;
        }
        if (!result.content.isReadable)
            unreadable.push_back(number);
        else
            judge.add(number, result.text, result.content.width, result.content.height);
        Page page;
        page.number = number;
        page.label = result.content.label;
        page.text = std::move(result.text.text);
        page.width = result.content.width;
        page.height = result.content.height;
        document.pages.push_back(std::move(page));
        units.push_back(std::move(result.text.units));
    }
    markHeadings(document.pages, units, file.outline());
    const TextQuality quality = judge.result();
    const bool isFirstGarbled = !quality.garbledPages.empty() && quality.garbledPages.front() == 1;
    if (document.title.empty() && !isFirstGarbled)
        document.title = titleFromHeadings(document.pages);
    conclude(document, file, unreadable, quality, isCut);
    return document;
}

PageImage renderPdfPage(const std::string& path, const std::string& password, int page, double dpi)
{
    return PdfFile(path, password).render(page, dpi);
}

std::vector<Rect> pdfBoxesOfSpan(const std::string& path, const std::string& password, int page, int64_t start, int64_t end)
{
    const PdfFile file(path, password);
    std::vector<Rect> boxes;
    if (page < 1 || page > file.nPages() || start >= end)
        return boxes;
    const PdfPageText text = PageWindow(file).page(page).text;
    for (const Word& word : text.words) {
        if (word.end <= start || word.start >= end)
            continue;
        // Words of one line grow together: same height, and the next begins where the last one ended, give or take a space.
        if (!boxes.empty()) {
            Rect& line = boxes.back();
            const double height = std::max(1.0, std::min(line.bottom - line.top, word.box.bottom - word.box.top));
            const double overlap = std::min(line.bottom, word.box.bottom) - std::max(line.top, word.box.top);
            if (overlap > 0.5 * height && word.box.left - line.right < 1.5 * height && word.box.left >= line.left - 1) {
                line = {std::min(line.left, word.box.left), std::min(line.top, word.box.top),
                        std::max(line.right, word.box.right), std::max(line.bottom, word.box.bottom)};
                continue;
            }
        }
        boxes.push_back(word.box);
    }
    return boxes;
}

bool hasPopplerData()
{
    for (const char* folder : {"/usr/share/poppler/cMap/Adobe-GB1", "/usr/local/share/poppler/cMap/Adobe-GB1"}) {
        struct stat info {};
        if (stat(folder, &info) == 0 && S_ISDIR(info.st_mode))
            return true;
    }
    return false;
}

} // namespace sy::documents
