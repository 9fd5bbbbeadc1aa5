// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/markdown/code_colors.h"

#include <QSet>
#include <QString>

namespace sy::widgets {

namespace {

const QSet<QString>& keywords()
{
    static const QSet<QString> words = [] {
        QSet<QString> set;
        const QString all = QStringLiteral(
            "and as assert async await bool break case catch char class const constexpr continue def default defer del delete do double "
            "elif else enum except export extends extern false False final finally float fn for from func function go goto if impl "
            "implements import in include inline int interface is lambda let long match module mut namespace new nil None nonlocal not "
            "null nullptr of operator or override package pass private protected pub public raise return self short signed sizeof "
            "static std string struct super switch template then this throw trait true True try type typedef typename union unsafe "
            "unsigned use using var virtual void volatile when where while with yield echo fi done esac local select insert update "
            "create table drop join left right inner group order by limit values into set distinct having end begin");
        for (const QString& word : all.split(QLatin1Char(' ')))
            set.insert(word);
        return set;
    }();
    return words;
}

bool isOneOf(QStringView language, std::initializer_list<QStringView> names)
{
    for (const QStringView name : names)
        if (language.compare(name, Qt::CaseInsensitive) == 0)
            return true;
    return false;
}

} // namespace

std::vector<CodeRange> colorCode(QStringView code, QStringView language)
{
    std::vector<CodeRange> ranges;
    if (language.isEmpty() || isOneOf(language, {u"text", u"txt", u"plain", u"plaintext", u"markdown", u"md", u"output", u"log"}))
        return ranges;
    const bool hash = isOneOf(language, {u"python", u"py", u"sh", u"bash", u"shell", u"zsh", u"ruby", u"rb", u"yaml", u"yml", u"toml",
                                         u"r", u"perl", u"make", u"makefile", u"cmake", u"dockerfile", u"ini", u"conf"});
    const bool dashes = isOneOf(language, {u"sql", u"lua", u"haskell", u"hs", u"ada"});
    const bool markup = isOneOf(language, {u"html", u"xml", u"svg"});
    const bool ignoreCase = isOneOf(language, {u"sql"});
    const bool data = isOneOf(language, {u"json", u"csv", u"yaml", u"yml", u"toml", u"ini"});
    qsizetype i = 0;
    const auto startsWith = [&](QStringView what) { return code.mid(i, what.size()) == what; };
    const auto take = [&](qsizetype end, CodeTone tone) {
        ranges.push_back({i, end - i, tone});
        i = end;
    };
    const auto lineEnd = [&] {
        const qsizetype end = code.indexOf(u'\n', i);
        return end < 0 ? code.size() : end;
    };
    while (i < code.size()) {
        const QChar c = code[i];
        if ((hash && c == u'#') || (dashes && startsWith(u"--")) || (!hash && !dashes && !markup && startsWith(u"//"))) {
            take(lineEnd(), CodeTone::Comment);
            continue;
        }
        if ((!hash && !markup && startsWith(u"/*")) || (markup && startsWith(u"<!--"))) {
            const QStringView close = markup ? u"-->" : u"*/";
            const qsizetype end = code.indexOf(close, i + 2);
            take(end < 0 ? code.size() : end + close.size(), CodeTone::Comment);
            continue;
        }
        if (c == u'"' || c == u'\'' || (c == u'`' && !hash)) {
            const bool triple = i + 2 < code.size() && code[i + 1] == c && code[i + 2] == c;
            qsizetype end = i + (triple ? 3 : 1);
            while (end < code.size()) {
                if (code[end] == u'\\') {
                    end += 2;
                    continue;
                }
                if (triple ? (code.mid(end, 3) == code.mid(i, 3)) : code[end] == c) {
                    end += triple ? 3 : 1;
                    break;
                }
                if (!triple && code[end] == u'\n' && c != u'`') // an apostrophe in prose, not a string
                    break;
                ++end;
            }
            take(std::min(end, code.size()), CodeTone::String);
            continue;
        }
        if (c.isDigit() && (i == 0 || !(code[i - 1].isLetterOrNumber() || code[i - 1] == u'_'))) {
            qsizetype end = i;
            while (end < code.size() && (code[end].isLetterOrNumber() || code[end] == u'.' || code[end] == u'_'))
                ++end;
            take(end, CodeTone::Number);
            continue;
        }
        if (c.isLetter() || c == u'_') {
            qsizetype end = i;
            while (end < code.size() && (code[end].isLetterOrNumber() || code[end] == u'_'))
                ++end;
            QString word = code.mid(i, end - i).toString();
            if (ignoreCase)
                word = word.toLower();
            if (!markup && keywords().contains(word) && (!data || word == QLatin1String("true") || word == QLatin1String("false") || word == QLatin1String("null")))
                ranges.push_back({i, end - i, CodeTone::Keyword});
            i = end;
            continue;
        }
        ++i;
    }
    return ranges;
}

} // namespace sy::widgets
