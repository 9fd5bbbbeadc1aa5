// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <vector>

namespace sy::widgets {

enum class BlockKind { Paragraph, Heading, Code, ListItem, Quote, Table, Rule };

/// A piece of Markdown that is laid out on its own. Long paragraphs, code blocks and tables come as several blocks in a row, so
/// that a reply of any length costs the layout of one bounded block per update.
struct Block {
    BlockKind kind = BlockKind::Paragraph;
    int level = 0;       // heading 1..6
    int depth = 0;       // list nesting, from 0; code and paragraphs inside a list item have its depth
    int quoteDepth = 0;  // number of '>' before it
    QString marker;      // list item: "•" or "3."; empty for a paragraph that continues an item
    QString language;    // code block
    QString text;        // source of the content: inline Markdown, code as it is, or table rows
    qsizetype begin = 0; // UTF-16 range in the source
    qsizetype end = 0;
    bool continues = false; // same code block, table or paragraph as the block before
    bool isOpen = false;    // code: the closing fence has not come yet

    bool operator==(const Block&) const = default;
};

/// Cuts Markdown into blocks, and does so again only from where the text changed: while an answer streams, that is its last block.
class BlockParser {
public:
    /// Returns the index of the first block that differs from before; blocks before it are untouched.
    size_t setText(const QString& text);
    const QString& text() const { return m_text; }
    const std::vector<Block>& blocks() const { return m_blocks; }

private:
    void parseFrom(qsizetype position, size_t keep);

    QString m_text;
    std::vector<Block> m_blocks;
};

} // namespace sy::widgets
