// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <vector>

namespace sy::widgets {

/// A run of visible text with the same looks.
struct InlineSpan {
    qsizetype start = 0;
    qsizetype length = 0;
    bool isBold = false;
    bool isItalic = false;
    bool isStruck = false;
    bool isCode = false;
    QString url;             // link target, or empty
    int citation = 0;        // number of the passage, or 0
    bool isUnsupported = false; // the mark behind a sentence that nothing supports
};

struct InlineText {
    QString text; // what is drawn; a citation is its digits between thin spaces, a line break is QChar::LineSeparator
    std::vector<InlineSpan> spans;
};

/// Stands in the source where a sentence that nothing supports ends. From the private use area, which parse() drops otherwise.
inline constexpr QChar kUnsupportedMark(0xE0F1);

/// Reads emphasis, code, links and citation marks. `[n]` is a citation when 1 <= n <= nCitations, text otherwise.
/// Emphasis ignores CommonMark's rule about punctuation at its edges: it fails on Chinese, which has no spaces around words.
InlineText parseInline(const QString& source, int nCitations);

} // namespace sy::widgets
