// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sy::documents {

/// How reading a file ended. Everything but Ok carries a message for people in Document::message.
enum class Outcome {
    Ok,
    Partial,  // what is readable came out; the rest is damaged, garbled, or past a limit
    NoText,   // opens, but has no text layer (scanned pages): needs OCR
    Password, // a password is needed, or the one given does not open it
    Error,    // nothing could be read
};

std::string_view outcomeName(Outcome outcome); // "ok", "partial", "no_text", "password", "error"

/// What kind of structure Page::text carries; the chunker reads headings, tables and code from it.
enum class Markup {
    Plain,    // text files, reStructuredText
    Table,    // CSV: one record a line, the first line names the columns
    Markdown, // as written, with its # and | and ```
    Pages,    // laid out pages (PDF): headings are in Page::headings, paragraphs are parted by an empty line
};

/// A rectangle on a page in points (1/72 inch), origin at the top left corner of the page as it is shown (after /Rotate).
struct Rect {
    double left = 0;
    double top = 0;
    double right = 0;
    double bottom = 0;
};

/// A word's place: [start, end) in code points of Page::text, and its box. A word hyphenated over two lines has two entries.
struct Word {
    int64_t start = 0;
    int64_t end = 0;
    Rect box;
};

/// A heading the reader recognised: [start, end) in code points of Page::text. Level 1 is the most important one.
struct Heading {
    int64_t start = 0;
    int64_t end = 0;
    int level = 1;
};

/// One page, or the whole file for formats without pages.
///
/// text is UTF-8, NFC, with \n and \t as the only control characters; zero-width, bidirectional-control and tag characters
/// are gone. Every character offset in the program (chunks, citations) counts Unicode code points of exactly this text.
struct Page {
    int number = 1;    // counts from 1
    std::string label; // what a viewer shows ("iv", "A-3"); empty when it equals number
    std::string text;
    std::vector<Heading> headings; // Markup::Pages only; by start, not overlapping
    double width = 0;              // points, as shown; 0 for formats without pages
    double height = 0;
};

struct Document {
    std::string title; // from the file's metadata or first heading, else the file name without extension; never empty
    Markup markup = Markup::Plain;
    std::vector<Page> pages;
    Outcome outcome = Outcome::Error;
    std::string message;   // one or two sentences: what is wrong and what to do; empty when Ok
    std::string mediaType; // e.g. "application/pdf"
    std::string charset;   // text formats: what the bytes were decoded from, e.g. "GB18030"
};

/// A page as pixels: 3 bytes (red, green, blue) a pixel, rows from the top without padding.
struct PageImage {
    int width = 0; // pixels
    int height = 0;
    std::vector<uint8_t> rgb;
    bool isEmpty() const { return rgb.empty(); }
};

/// What a reader may use. Reaching maxPages or maxTextBytes gives Outcome::Partial with what was read until then.
struct ReadLimits {
    int maxPages = 10'000;
    int64_t maxTextBytes = 200'000'000;
    int64_t maxFileBytes = 2'000'000'000;
};

} // namespace sy::documents
