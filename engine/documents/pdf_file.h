// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"
#include "engine/documents/pdf_layout.h"

#include <memory>
#include <string>
#include <vector>

namespace poppler {
class document;
class page;
class toc_item;
} // namespace poppler

namespace sy::documents {

struct OutlineEntry {
    std::string title; // normalized
    int level = 1;
};

/// An open PDF file: what the layout needs of it, in our own types.
class PdfFile {
public:
    enum class State { Open, Locked, Damaged, UnknownEncryption };

    /// The password is tried as given, as UTF-8 prepared with SASLprep, and as Latin-1.
    PdfFile(const std::string& path, const std::string& password);
    ~PdfFile();
    PdfFile(const PdfFile&) = delete;
    PdfFile& operator=(const PdfFile&) = delete;

    State state() const { return m_state; }
    int nPages() const;
    std::string title() const; // from the document information; empty when it is none that a person would have chosen
    std::vector<OutlineEntry> outline() const;

    struct PageContent {
        bool isReadable = false;
        std::string label;
        double width = 0;
        double height = 0;
        std::vector<PdfLine> lines;
    };
    PageContent readPage(int number) const; // from 1

    PageImage render(int number, double dpi) const; // empty when it cannot be drawn

    /// Did poppler say that it lacks the character maps of poppler-data?
    bool lacksLanguageData() const { return m_lacksLanguageData; }

private:
    bool open(const std::string& path, const std::string& password);
    static void noteProblem(const std::string& message, void* self);

    std::unique_ptr<poppler::document> m_document;
    State m_state = State::Damaged;
    bool m_lacksLanguageData = false;
    bool m_hasUnknownEncryption = false;
};

} // namespace sy::documents
