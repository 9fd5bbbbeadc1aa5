// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/markdown/inline_parser.h"

#include <QUrl>
#include <array>

namespace sy::widgets {

namespace {

constexpr QChar kThinSpace(0x2009);

struct Delimiter {
    QChar c;
    int length;          // characters still unmatched
    qsizetype textStart; // where they stand in the output
    bool canOpen, canClose;
};

struct Style {
    qsizetype start, end;
    bool bold, italic, struck;
};

bool isEscapable(QChar c)
{
    return c.unicode() < 128 && c.isPunct() ? true : QStringView(u"`*_{}[]()#+-.!|~<>$^=").contains(c);
}

class Parser {
public:
    Parser(const QString& source, int nCitations) : m_source(source), m_nCitations(nCitations) {}

    InlineText run()
    {
        while (m_at < m_source.size())
            step();
        matchDelimiters();
        return assemble();
    }

private:
    void emitText(QStringView text) { m_out += text; }

    void step()
    {
        const QChar c = m_source[m_at];
        switch (c.unicode()) {
        case u'\\':
            if (m_at + 1 < m_source.size() && isEscapable(m_source[m_at + 1])) {
                m_out += m_source[m_at + 1];
                m_at += 2;
                return;
            }
            break;
        case u'`':
            if (code())
                return;
            break;
        case u'[':
            if (citation() || link())
                return;
            break;
        case u'<':
            if (angle())
                return;
            break;
        case u'*':
        case u'_':
        case u'~':
            if (delimiter(c))
                return;
            break;
        case u'\n':
            // Models break lines on purpose; two trailing spaces or a backslash say the same.
            while (m_out.endsWith(QLatin1Char(' ')))
                m_out.chop(1);
            m_out += QChar(QChar::LineSeparator);
            ++m_at;
            return;
        case u'h':
            if (bareUrl())
                return;
            break;
        case u'&':
            if (entity())
                return;
            break;
        default:
            break;
        }
        if (c == kUnsupportedMark) {
            const qsizetype start = m_out.size();
            m_out += kThinSpace;
            m_out += QLatin1Char('?');
            m_out += kThinSpace;
            m_marks.push_back({.start = start, .length = 3, .isUnsupported = true});
            ++m_at;
            return;
        }
        if (!(c.unicode() >= 0xE000 && c.unicode() <= 0xF8FF)) // private use: ours, or nobody's glyph
            m_out += c;
        ++m_at;
    }

    bool code()
    {
        qsizetype n = 0;
        while (m_at + n < m_source.size() && m_source[m_at + n] == u'`')
            ++n;
        const QString fence(n, QLatin1Char('`'));
        qsizetype close = m_source.indexOf(fence, m_at + n);
        while (close >= 0 && close + n < m_source.size() && m_source[close + n] == u'`') { // a longer run does not close
            while (close < m_source.size() && m_source[close] == u'`')
                ++close;
            close = m_source.indexOf(fence, close);
        }
        if (close < 0) {
            emitText(fence);
            m_at += n;
            return true;
        }
        QString content = m_source.mid(m_at + n, close - m_at - n);
        content.replace(QLatin1Char('\n'), QLatin1Char(' '));
        if (content.size() > 2 && content.startsWith(QLatin1Char(' ')) && content.endsWith(QLatin1Char(' ')))
            content = content.mid(1, content.size() - 2);
        m_marks.push_back({.start = m_out.size(), .length = content.size(), .isCode = true});
        m_out += content;
        m_at = close + n;
        return true;
    }

    /// "[3]", and "[1, 2]" or "[1][2]" as models write several.
    bool citation()
    {
        if (m_nCitations <= 0)
            return false;
        const qsizetype close = m_source.indexOf(QLatin1Char(']'), m_at);
        if (close < 0 || close - m_at > 24)
            return false;
        if (close + 1 < m_source.size() && m_source[close + 1] == u'(')
            return false;
        const QString inside = m_source.mid(m_at + 1, close - m_at - 1);
        std::vector<int> numbers;
        QString separated = inside;
        for (const QChar separator : {QChar(u'，'), QChar(u'、'), QChar(u';'), QChar(u' ')})
            separated.replace(separator, QLatin1Char(','));
        for (const QString& part : separated.split(QLatin1Char(','), Qt::SkipEmptyParts)) {
            bool isNumber = false;
            const int n = part.toInt(&isNumber);
            if (!isNumber || n < 1 || n > m_nCitations)
                return false;
            numbers.push_back(n);
        }
        if (numbers.empty())
            return false;
        while (m_out.endsWith(QLatin1Char(' '))) // the mark belongs to the word before it
            m_out.chop(1);
        for (const int n : numbers) {
            const QString digits = kThinSpace + QString::number(n) + kThinSpace;
            m_marks.push_back({.start = m_out.size(), .length = digits.size(), .citation = n});
            m_out += digits;
        }
        m_at = close + 1;
        return true;
    }

    bool link()
    {
        int depth = 0;
        qsizetype close = -1;
        for (qsizetype i = m_at; i < m_source.size() && i - m_at < 1000; ++i) {
            if (m_source[i] == u'\\')
                ++i;
            else if (m_source[i] == u'[')
                ++depth;
            else if (m_source[i] == u']' && --depth == 0) {
                close = i;
                break;
            }
        }
        if (close < 0 || close + 1 >= m_source.size() || m_source[close + 1] != u'(')
            return false;
        depth = 0;
        qsizetype end = -1;
        for (qsizetype i = close + 1; i < m_source.size() && i - close < 2000; ++i) {
            if (m_source[i] == u'(')
                ++depth;
            else if (m_source[i] == u')' && --depth == 0) {
                end = i;
                break;
            }
        }
        if (end < 0)
            return false;
        QString target = m_source.mid(close + 2, end - close - 2).trimmed();
        const qsizetype title = target.indexOf(QLatin1String(" \""));
        if (title > 0)
            target.truncate(title);
        const InlineText label = parseInline(m_source.mid(m_at + 1, close - m_at - 1), 0);
        if (!m_out.isEmpty() && m_out.endsWith(QLatin1Char('!'))) // an image: its description stands for it, nothing is fetched
            m_out.chop(1);
        const qsizetype start = m_out.size();
        for (InlineSpan span : label.spans) {
            if (!(span.isBold || span.isItalic || span.isStruck || span.isCode))
                continue;
            span.start += start;
            m_marks.push_back(span);
        }
        m_out += label.text;
        m_links.push_back({.start = start, .length = label.text.size(), .url = target});
        m_at = end + 1;
        return true;
    }

    bool angle()
    {
        const qsizetype close = m_source.indexOf(QLatin1Char('>'), m_at);
        if (close < 0 || close - m_at > 500)
            return false;
        const QString inside = m_source.mid(m_at + 1, close - m_at - 1);
        if (inside.startsWith(QLatin1String("http://")) || inside.startsWith(QLatin1String("https://"))) {
            m_links.push_back({.start = m_out.size(), .length = inside.size(), .url = inside});
            m_out += inside;
            m_at = close + 1;
            return true;
        }
        if (inside == QLatin1String("br") || inside == QLatin1String("br/") || inside == QLatin1String("br /")) {
            m_out += QChar(QChar::LineSeparator);
            m_at = close + 1;
            return true;
        }
        return false;
    }

    bool bareUrl()
    {
        const QStringView rest = QStringView(m_source).mid(m_at);
        if (!rest.startsWith(u"https://") && !rest.startsWith(u"http://"))
            return false;
        if (m_at > 0 && m_source[m_at - 1].isLetterOrNumber() && m_source[m_at - 1].unicode() < 0x2E80)
            return false;
        qsizetype n = 0;
        int open = 0;
        while (n < rest.size()) {
            const QChar c = rest[n];
            if (c.isSpace() || c == u'<' || c == u'>' || c == u'"' || c == u'`' || c.unicode() >= 0x2E80)
                break;
            if (c == u'(')
                ++open;
            if (c == u')' && --open < 0)
                break;
            ++n;
        }
        while (n > 0 && QStringView(u".,;:!?*_'").contains(rest[n - 1]))
            --n;
        if (n < 10)
            return false;
        const QString url = rest.left(n).toString();
        m_links.push_back({.start = m_out.size(), .length = n, .url = url});
        m_out += url;
        m_at += n;
        return true;
    }

    bool entity()
    {
        static const std::array<std::pair<QStringView, QChar>, 6> kEntities{{{u"&lt;", u'<'},
                                                                           {u"&gt;", u'>'},
                                                                           {u"&amp;", u'&'},
                                                                           {u"&quot;", u'"'},
                                                                           {u"&#39;", u'\''},
                                                                           {u"&nbsp;", QChar(0xA0)}}};
        for (const auto& [name, c] : kEntities) {
            if (QStringView(m_source).mid(m_at, name.size()) == name) {
                m_out += c;
                m_at += name.size();
                return true;
            }
        }
        return false;
    }

    bool delimiter(QChar c)
    {
        int n = 0;
        while (m_at + n < m_source.size() && m_source[m_at + n] == c)
            ++n;
        if (c == u'~' && n != 2)
            return false;
        const QChar before = m_at > 0 ? m_source[m_at - 1] : QChar(u' ');
        const QChar after = m_at + n < m_source.size() ? m_source[m_at + n] : QChar(u' ');
        bool canOpen = !after.isSpace();
        bool canClose = !before.isSpace();
        if (c == u'_') { // not inside words: snake_case
            canOpen = canOpen && !before.isLetterOrNumber();
            canClose = canClose && !after.isLetterOrNumber();
        } else if (c == u'*' && n == 1 && before.isDigit() && after.isDigit()) {
            canOpen = canClose = false; // 2*3*4
        }
        if (canOpen || canClose)
            m_delimiters.push_back({c, n, m_out.size(), canOpen, canClose});
        m_out += QString(n, c);
        m_at += n;
        return true;
    }

    /// Pairs closers with the nearest opener; what stays unmatched stays visible.
    void matchDelimiters()
    {
        for (size_t i = 0; i < m_delimiters.size(); ++i) {
            while (m_delimiters[i].canClose && m_delimiters[i].length > 0) {
                size_t j = i;
                bool found = false;
                while (j-- > 0) {
                    if (m_delimiters[j].c == m_delimiters[i].c && m_delimiters[j].canOpen && m_delimiters[j].length > 0) {
                        found = true;
                        break;
                    }
                }
                if (!found)
                    break;
                Delimiter& open = m_delimiters[j];
                Delimiter& close = m_delimiters[i];
                const int n = std::min({open.length, close.length, 2});
                // The inner characters of the opener and the outer ones of the closer are used up first.
                const qsizetype openEnd = open.textStart + open.length;
                m_hidden.push_back({openEnd - n, openEnd});
                m_hidden.push_back({close.textStart, close.textStart + n});
                m_styles.push_back({openEnd, close.textStart, n == 2 && open.c != u'~', n == 1, open.c == u'~'});
                open.length -= n;
                close.length -= n;
                close.textStart += n;
                for (size_t k = j + 1; k < i; ++k)
                    m_delimiters[k].length = 0; // crossed: stays as text
            }
        }
    }

    InlineText assemble()
    {
        // Attribute per character, then runs: simple, and blocks are bounded in size.
        struct Attributes {
            bool bold = false, italic = false, struck = false, hidden = false;
            int mark = -1, link = -1;
        };
        std::vector<Attributes> attributes(size_t(m_out.size()));
        for (const Style& s : m_styles)
            for (qsizetype i = s.start; i < s.end; ++i) {
                attributes[size_t(i)].bold |= s.bold;
                attributes[size_t(i)].italic |= s.italic;
                attributes[size_t(i)].struck |= s.struck;
            }
        for (const auto& [from, to] : m_hidden)
            for (qsizetype i = from; i < to; ++i)
                attributes[size_t(i)].hidden = true;
        for (size_t m = 0; m < m_marks.size(); ++m)
            for (qsizetype i = 0; i < m_marks[m].length; ++i)
                attributes[size_t(m_marks[m].start + i)].mark = int(m);
        for (size_t l = 0; l < m_links.size(); ++l)
            for (qsizetype i = 0; i < m_links[l].length; ++i)
                attributes[size_t(m_links[l].start + i)].link = int(l);

        InlineText result;
        for (qsizetype i = 0; i < m_out.size(); ++i) {
            const Attributes& a = attributes[size_t(i)];
            if (a.hidden)
                continue;
            InlineSpan span{.start = result.text.size(), .length = 1, .isBold = a.bold, .isItalic = a.italic, .isStruck = a.struck};
            if (a.mark >= 0) {
                const InlineSpan& mark = m_marks[size_t(a.mark)];
                span.isCode = mark.isCode;
                span.citation = mark.citation;
                span.isUnsupported = mark.isUnsupported;
                span.isBold |= mark.isBold;
                span.isItalic |= mark.isItalic;
                span.isStruck |= mark.isStruck;
            }
            if (a.link >= 0)
                span.url = m_links[size_t(a.link)].url;
            result.text += m_out[i];
            if (!result.spans.empty()) {
                InlineSpan& last = result.spans.back();
                const bool newMark = a.mark >= 0 && i == m_marks[size_t(a.mark)].start;
                const bool newLink = a.link >= 0 && i == m_links[size_t(a.link)].start;
                if (!newMark && !newLink && last.isBold == span.isBold && last.isItalic == span.isItalic && last.isStruck == span.isStruck
                    && last.isCode == span.isCode && last.url == span.url && last.citation == span.citation
                    && last.isUnsupported == span.isUnsupported) {
                    ++last.length;
                    continue;
                }
            }
            result.spans.push_back(span);
        }
        return result;
    }

    const QString& m_source;
    int m_nCitations;
    qsizetype m_at = 0;
    QString m_out;
    std::vector<InlineSpan> m_marks, m_links;
    std::vector<Delimiter> m_delimiters;
    std::vector<Style> m_styles;
    std::vector<std::pair<qsizetype, qsizetype>> m_hidden;
};

} // namespace

InlineText parseInline(const QString& source, int nCitations)
{
    return Parser(source, nCitations).run();
}

} // namespace sy::widgets
