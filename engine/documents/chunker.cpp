// SPDX-License-Identifier: GPL-3.0-or-later
// Cutting in three steps: blocks (chunk_blocks.h), atoms, chunks.
//
// An atom is what a chunk is packed from: a sentence of a paragraph, or a whole list item, table row or code block where
// that fits the target; what does not fit is cut at lines, sentences, clauses, spaces and, in the end, anywhere. Atoms
// follow each other without a gap but white space, so a chunk is always one span of a page's text.
#include "engine/documents/chunker.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/documents/chunk_blocks.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

namespace sy::documents {
namespace {

constexpr int kMinTextTokens = 16;
constexpr size_t kMaxHeaderPart = 80; // code points of a title or section in the context header
constexpr int kMaxHeaderDepth = 4;    // sections shown: the outermost and the innermost ones
constexpr size_t kWindowBytes = 2048; // of an oversized piece that is counted at a time
constexpr size_t kCheckpointBytes = 1024;

struct Atom {
    size_t start = 0; // bytes of the page
    size_t end = 0;
    int nTokens = 0;
    BlockKind kind = BlockKind::Paragraph;
    int level = 0;
    bool isSentence = false; // may be repeated as overlap
    const Block* heading = nullptr;
};

std::string shortened(std::string_view text, size_t maxPoints)
{
    size_t at = 0, n = 0;
    std::string out;
    while (at < text.size() && n < maxPoints) {
        const CodePoint point = decodeUtf8(text, at);
        out.append(isSpace(point.value) ? " " : text.substr(at, static_cast<size_t>(point.nBytes)));
        at += static_cast<size_t>(point.nBytes);
        ++n;
    }
    return at < text.size() ? out + "…" : out;
}

// Byte offsets of a page to code points, by counting from the nearest checkpoint.
class PointIndex {
public:
    explicit PointIndex(std::string_view text) : m_text(text)
    {
        int64_t n = 0;
        for (size_t at = 0; at < text.size(); at += kCheckpointBytes) {
            m_checkpoints.push_back(n);
            n += countCodePoints(text.substr(at, kCheckpointBytes));
        }
        m_checkpoints.push_back(n);
    }
    int64_t pointAt(size_t byte) const
    {
        const size_t checkpoint = byte / kCheckpointBytes;
        return m_checkpoints[checkpoint] +
               countCodePoints(m_text.substr(checkpoint * kCheckpointBytes, byte - checkpoint * kCheckpointBytes));
    }

private:
    std::string_view m_text;
    std::vector<int64_t> m_checkpoints;
};

// The best place to cut text before `limit` bytes: after a line, a clause, a space, else before any character.
size_t cutPlace(std::string_view text, size_t limit)
{
    limit = std::min(limit, text.size());
    if (limit == text.size())
        return limit;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80)
        --limit;
    const size_t floor = limit / 2;
    if (const size_t feed = text.substr(0, limit).rfind('\n'); feed != std::string_view::npos && feed > floor)
        return feed + 1;
    static constexpr std::string_view kClauses[] = {"，", "；", "、", ", ", "; ", ": ", "：", ") ", "）"};
    size_t best = 0;
    for (const std::string_view mark : kClauses)
        if (const size_t found = text.substr(0, limit).rfind(mark); found != std::string_view::npos)
            best = std::max(best, found + mark.size());
    if (best > floor)
        return best;
    if (const size_t space = text.substr(0, limit).find_last_of(" \t"); space != std::string_view::npos && space > floor)
        return space + 1;
    if (limit == 0) // one character wider than the limit
        limit = static_cast<size_t>(decodeUtf8(text, 0).nBytes);
    return limit;
}

class Chunker {
public:
    Chunker(const Document& document, const ChunkOptions& options, std::stop_token stop)
        : m_document(document), m_options(options), m_stop(std::move(stop))
    {
        if (!options.countTokens)
            throw std::invalid_argument("chunkDocument: countTokens is empty");
        m_emptyTokens = options.countTokens({});
    }

    std::vector<Chunk> run()
    {
        for (size_t p = 0; p < m_document.pages.size(); ++p)
            addPage(p);
        return std::move(m_chunks);
    }

private:
    int count(std::string_view text) const { return std::max(0, m_options.countTokens(text) - m_emptyTokens); }

    // The header of the current headings, and the tokens that it leaves for text.
    void measureHeader()
    {
        for (const size_t maxPoints : {kMaxHeaderPart, kMaxHeaderPart / 2, kMaxHeaderPart / 6, size_t{0}}) {
            m_header = maxPoints > 0 ? contextHeader(m_document.title, m_path, maxPoints) : std::string();
            const int nTokens = m_options.countTokens(m_options.prefix + m_header + "\n");
            if (nTokens > m_options.limitTokens / 3 && maxPoints > 0)
                continue;
            m_room = m_options.limitTokens - nTokens;
            break;
        }
        if (m_room < kMinTextTokens)
            throw std::invalid_argument("chunkDocument: limitTokens leaves no room for text");
        m_target = std::max(1, std::min(m_options.targetTokens, m_room));
    }

    void addPage(size_t p)
    {
        const Page& page = m_document.pages[p];
        m_page = p;
        m_text = page.text;
        m_index.emplace(m_text);
        m_firstChunkOfPage = m_chunks.size();
        const std::vector<Block> blocks = parseBlocks(page, m_document.markup);
        measureHeader();
        for (const Block& block : blocks) {
            if (m_stop.stop_requested())
                throw Cancelled();
            if (block.kind == BlockKind::Heading)
                addHeading(block);
            else
                addBlock(block);
        }
        finishPage(blocks);
        m_index.reset();
    }

    void addHeading(const Block& block)
    {
        // A heading right under a higher one goes into the same chunk; an empty section closes.
        const bool isBare = !m_atoms.empty() && hasOnlyHeadings();
        const bool nests = isBare && block.level > m_atoms.back().level;
        const bool parts = block.level <= 2 || m_nTokens * 2 >= m_target;
        if (!nests && (parts || isBare))
            close(block.level <= 2 ? Boundary::Section : Boundary::Soft);
        while (!m_levels.empty() && m_levels.back() >= block.level) {
            m_levels.pop_back();
            m_path.pop_back();
        }
        m_levels.push_back(block.level);
        m_path.push_back(block.title);
        measureHeader();
        addPieces(block.start, block.end, block.kind, block.level);
    }

    bool hasOnlyHeadings() const
    {
        return std::all_of(m_atoms.begin(), m_atoms.end(), [](const Atom& a) { return a.kind == BlockKind::Heading; });
    }

    void addBlock(const Block& block)
    {
        const std::string_view text = m_text.substr(block.start, block.end - block.start);
        const bool staysWhole = block.kind != BlockKind::Paragraph;
        if (staysWhole || text.size() < 64) {
            addPieces(block.start, block.end, block.kind, 0);
            return;
        }
        // Very long paragraphs in steps, so that one without a sentence end is not walked through again and again.
        for (const SentenceSpan& sentence : splitSentences(text))
            addPieces(block.start + sentence.start, block.start + sentence.end, block.kind, 0);
    }

    // One atom where it fits, else several.
    void addPieces(size_t start, size_t end, BlockKind kind, int level)
    {
        if (end - start <= kWindowBytes * 4) {
            const int n = count(m_text.substr(start, end - start));
            if (n <= m_target) {
                addAtom({start, end, n, kind, level, kind == BlockKind::Paragraph});
                return;
            }
        }
        if (kind == BlockKind::ListItem) { // by sentences first
            const auto sentences = splitSentences(m_text.substr(start, end - start));
            if (sentences.size() > 1) {
                for (const SentenceSpan& sentence : sentences)
                    addPieces(start + sentence.start, start + sentence.end, BlockKind::Paragraph, level);
                return;
            }
        }
        size_t window = std::min<size_t>(kWindowBytes, end - start);
        while (start < end) {
            if (m_stop.stop_requested())
                throw Cancelled();
            const std::string_view rest = m_text.substr(start, end - start);
            size_t length = cutPlace(rest, window);
            int n = count(rest.substr(0, length));
            while (n > m_target && length > 1) {
                const auto smaller = static_cast<size_t>(static_cast<double>(length) * 0.9 * m_target / n);
                const size_t shorter = cutPlace(rest, std::min(length - 1, std::max<size_t>(smaller, 1)));
                if (shorter >= length)
                    break; // a single character
                length = shorter;
                n = count(rest.substr(0, length));
            }
            if (const ByteSpan piece = trimmedSpan(m_text, start, start + length); !piece.isEmpty())
                addAtom({piece.start, piece.end, n, kind, level, false});
            start += length;
            window = std::clamp<size_t>(length + length / 4, 16, kWindowBytes);
        }
    }

    void addAtom(Atom atom)
    {
        if (!m_atoms.empty() && m_nTokens + atom.nTokens > m_target)
            close(Boundary::Length);
        if (hasOnlyHeadings()) // the deepest of the headings that it begins with names a chunk
            m_pathAtStart = m_path, m_headerAtStart = m_header, m_roomAtStart = m_room;
        m_nTokens += atom.nTokens;
        m_atoms.push_back(atom);
    }

    enum class Boundary { Length, Soft, Section, Page };

    void close(Boundary boundary)
    {
        if (m_atoms.empty())
            return;
        const size_t nOverlap = m_nOverlapAtoms;
        const bool hasNew = m_atoms.size() > nOverlap;
        std::vector<Atom> overlap;
        if (hasNew && !mergeIntoLast(boundary))
            emit(m_atoms.data(), m_atoms.size(), nOverlap);
        if (boundary == Boundary::Length && m_options.hasOverlap && m_atoms.size() > 1) {
            const Atom& last = m_atoms.back();
            if (last.isSentence && last.nTokens * 5 <= m_target)
                overlap.push_back(last);
        }
        m_atoms = std::move(overlap);
        m_nOverlapAtoms = m_atoms.size();
        m_nTokens = 0;
        for (const Atom& atom : m_atoms)
            m_nTokens += atom.nTokens;
        m_pathAtStart = m_path, m_headerAtStart = m_header, m_roomAtStart = m_room;
    }

    // A crumb at the end of a section or page rather makes the chunk before it a little longer.
    bool mergeIntoLast(Boundary boundary)
    {
        if (boundary == Boundary::Length || m_chunks.size() <= m_firstChunkOfPage || m_lastNTokens == 0)
            return false;
        Chunk& last = m_chunks.back();
        int nNew = 0;
        for (size_t i = m_nOverlapAtoms; i < m_atoms.size(); ++i) {
            nNew += m_atoms[i].nTokens;
            if (m_atoms[i].kind == BlockKind::Heading)
                return false;
        }
        if (nNew * 6 > m_target || last.headingPath != m_pathAtStart || m_lastNTokens + nNew > m_target + m_target / 5)
            return false;
        const std::string_view text = m_text.substr(m_lastStart, m_atoms.back().end - m_lastStart);
        if (!fits(text))
            return false;
        last.text = text;
        last.end = m_index->pointAt(m_atoms.back().end);
        m_lastNTokens += nNew;
        return true;
    }

    bool fits(std::string_view text) const
    {
        return m_options.countTokens(m_options.prefix + m_headerAtStart + "\n" + std::string(text)) <= m_options.limitTokens;
    }

    void emit(const Atom* atoms, size_t n, size_t nOverlap)
    {
        int nTokens = 0;
        size_t nGapBytes = atoms[n - 1].end - atoms[0].start; // white space between atoms: nobody has counted its tokens
        for (size_t i = 0; i < n; ++i) {
            nTokens += atoms[i].nTokens;
            nGapBytes -= atoms[i].end - atoms[i].start;
        }
        const size_t start = atoms[0].start, end = atoms[n - 1].end;
        const std::string_view text = m_text.substr(start, end - start);
        // The exact count costs as much as all atoms' together: only where their sum says that it could be close.
        const bool isClose =
            (static_cast<int64_t>(nTokens) + static_cast<int64_t>(nGapBytes)) * 5 >= static_cast<int64_t>(m_roomAtStart) * 3;
        if (isClose && !fits(text)) {
            // Tokens do not simply add up: leave the overlap away, then halve.
            if (nOverlap > 0 && nOverlap < n)
                return emit(atoms + nOverlap, n - nOverlap, 0);
            if (n > 1) {
                emit(atoms, n / 2, 0);
                return emit(atoms + n / 2, n - n / 2, 0);
            }
            return emitHalves(atoms[0]);
        }
        Chunk chunk;
        chunk.page = chunk.endPage = m_document.pages[m_page].number;
        chunk.start = m_index->pointAt(start);
        chunk.end = m_index->pointAt(end);
        chunk.nOverlap = nOverlap > 0 ? m_index->pointAt(atoms[nOverlap - 1].end) - chunk.start : 0;
        chunk.headingPath = m_pathAtStart;
        chunk.header = m_headerAtStart;
        chunk.text = text;
        m_chunks.push_back(std::move(chunk));
        m_lastStart = start;
        m_lastNTokens = nTokens;
    }

    void emitHalves(const Atom& atom)
    {
        const std::string_view text = m_text.substr(atom.start, atom.end - atom.start);
        const size_t cut = cutPlace(text, text.size() / 2 + 1);
        if (cut == 0 || cut >= text.size())
            throw std::invalid_argument("chunkDocument: a single character has more tokens than limitTokens");
        for (const ByteSpan span :
             {trimmedSpan(m_text, atom.start, atom.start + cut), trimmedSpan(m_text, atom.start + cut, atom.end)}) {
            const Atom half{span.start, span.end, count(m_text.substr(span.start, span.end - span.start)),
                            atom.kind,  0,        false};
            if (!span.isEmpty())
                emit(&half, 1, 0);
        }
    }

    // A sentence that goes on over the page break is completed in this page's last chunk; the next page's chunks hold it
    // too.
    void finishPage(const std::vector<Block>& blocks)
    {
        close(Boundary::Page);
        if (m_document.markup != Markup::Pages || blocks.empty() || m_page + 1 >= m_document.pages.size() ||
            m_chunks.size() <= m_firstChunkOfPage || blocks.back().kind != BlockKind::Paragraph)
            return;
        const Page& next = m_document.pages[m_page + 1];
        Chunk& last = m_chunks.back();
        if (next.number != last.page + 1 || next.text.empty() || trimmedSpan(next.text, 0, next.text.size()).start != 0 ||
            !m_text.ends_with(std::string_view(last.text)))
            return;
        static constexpr std::u32string_view kEnds = U".!?:。！？：…";
        size_t at = m_text.size() - 1;
        while (at > 0 && (static_cast<unsigned char>(m_text[at]) & 0xc0) == 0x80)
            --at;
        const char32_t lastChar = decodeUtf8(m_text, at).value, first = decodeUtf8(next.text, 0).value;
        if (kEnds.find(lastChar) != std::u32string_view::npos ||
            !(isLowercase(first) || (isHan(first) && (isHan(lastChar) || lastChar == U'，'))))
            return;
        if (!next.headings.empty() && next.headings.front().start == 0)
            return;
        const size_t paragraphEnd = std::min(next.text.find('\n'), next.text.size());
        const auto sentences = splitSentences(std::string_view(next.text).substr(0, std::min<size_t>(paragraphEnd, 4096)));
        if (sentences.empty())
            return;
        const std::string joined = last.text + "\n" + next.text.substr(0, sentences.front().end);
        const int nTokens = count(joined);
        if (nTokens > m_target + m_target / 3 ||
            m_options.countTokens(m_options.prefix + last.header + "\n" + joined) > m_options.limitTokens)
            return;
        last.pageBreak = countCodePoints(last.text) + 1;
        last.text = joined;
        last.endPage = next.number;
        last.end = countCodePoints(std::string_view(next.text).substr(0, sentences.front().end));
    }

    const Document& m_document;
    const ChunkOptions& m_options;
    std::stop_token m_stop;
    int m_emptyTokens = 0;

    std::vector<std::string> m_path; // current headings
    std::vector<int> m_levels;
    std::string m_header;
    int m_room = 0;
    int m_target = 0;

    size_t m_page = 0;
    std::string_view m_text;
    std::optional<PointIndex> m_index;
    size_t m_firstChunkOfPage = 0;

    std::vector<Atom> m_atoms; // of the chunk being packed
    size_t m_nOverlapAtoms = 0;
    int m_nTokens = 0;
    std::vector<std::string> m_pathAtStart; // headings under which it began
    std::string m_headerAtStart;
    int m_roomAtStart = 0;

    std::vector<Chunk> m_chunks;
    size_t m_lastStart = 0; // bytes, of the last chunk
    int m_lastNTokens = 0;
};

} // namespace

std::string contextHeader(std::string_view title, const std::vector<std::string>& headingPath, size_t maxPoints)
{
    std::string header = shortened(title, maxPoints);
    const auto n = static_cast<int>(headingPath.size());
    for (int i = 0; i < n; ++i) {
        if (n > kMaxHeaderDepth && i > 0 && i <= n - kMaxHeaderDepth)
            continue;
        const std::string& part = headingPath[static_cast<size_t>(i)];
        if (!part.empty() && !(i == 0 && part == title))
            header += " › " + shortened(part, maxPoints);
    }
    return header;
}

std::string embeddingText(const ChunkOptions& options, const Chunk& chunk)
{
    return options.prefix + chunk.header + "\n" + chunk.text;
}

std::vector<Chunk> chunkDocument(const Document& document, const ChunkOptions& options, std::stop_token stop)
{
    return Chunker(document, options, std::move(stop)).run();
}

std::string spanText(const Document& document, int page, int64_t start, int endPage, int64_t end)
{
    auto find = [&](int number) -> const Page* {
        const auto it =
            std::find_if(document.pages.begin(), document.pages.end(), [&](const Page& p) { return p.number == number; });
        return it == document.pages.end() ? nullptr : &*it;
    };
    auto byteAt = [](std::string_view text, int64_t point) {
        size_t at = 0;
        while (at < text.size() && point > 0) {
            ++at;
            while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
                ++at;
            --point;
        }
        return at;
    };
    std::string text;
    for (int number = page; number <= endPage; ++number) {
        const Page* at = find(number);
        if (at == nullptr)
            continue;
        const size_t from = number == page ? byteAt(at->text, start) : 0;
        const size_t to = number == endPage ? byteAt(at->text, end) : at->text.size();
        if (number > page)
            text += '\n';
        if (to > from)
            text.append(at->text, from, to - from);
    }
    return text;
}

} // namespace sy::documents
