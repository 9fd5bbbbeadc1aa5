// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringView>
#include <vector>

namespace sy::widgets {

enum class CodeTone { Keyword, String, Comment, Number };

struct CodeRange {
    qsizetype start, length;
    CodeTone tone;
};

/// Colors that help the eye, for any language: comments, strings, numbers and words that most languages reserve. A tokenizer of
/// a few lines rather than a grammar per language; unknown languages and plain text get none.
std::vector<CodeRange> colorCode(QStringView code, QStringView language);

} // namespace sy::widgets
