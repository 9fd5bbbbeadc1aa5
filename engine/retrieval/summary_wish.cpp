// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/summary_wish.h"

#include "engine/retrieval/language.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace sy::retrieval {

namespace {

constexpr std::string_view kAsking[] = {"summarize", "summarise", "summarizes", "summary", "summaries", "summarizing", "overview", "synopsis",
                                        "gist",      "recap",     "tldr",       "tl;dr"};
constexpr std::string_view kAskingPairs[][2] = {{"main", "points"},    {"key", "points"},     {"main", "ideas"},     {"key", "ideas"},
                                                {"key", "takeaways"},  {"main", "takeaways"}, {"main", "topics"},    {"key", "findings"},
                                                {"main", "findings"},  {"main", "contents"},  {"main", "content"},   {"main", "message"}};
// Say how, to whom and of how much, but not of what.
constexpr std::string_view kFiller[] = {
    "a",     "an",    "the",   "of",       "for",    "to",     "in",    "on",       "from",   "with",   "and",    "as",     "by",     "me",    "us",
    "my",    "our",   "it",    "its",      "this",   "that",   "these", "those",    "them",   "their",  "is",     "are",    "was",    "be",    "do",
    "does",  "what",  "whats", "what's",   "give",   "make",   "write", "provide",  "show",   "tell",   "get",    "need",   "want",   "like",  "would",
    "could", "can",   "will",  "you",      "i",      "i'd",    "please", "kindly",  "short",  "brief",  "briefly", "quick", "quickly", "concise", "detailed",
    "long",  "good",  "all",   "whole",    "entire", "full",   "each",  "every",    "here",   "there",  "just",   "about",  "using",  "use",   "only",
    "words", "word",  "sentence", "sentences", "paragraph", "paragraphs", "bullet", "bullets", "points", "point", "list", "one", "two", "three", "four",
    "five",  "few",   "english", "chinese", "content", "contents", "uploaded", "attached", "given", "selected", "my", "so", "let", "let's"};
constexpr std::string_view kDocumentWords[] = {"document", "documents", "file",   "files", "pdf",    "pdfs",    "text",       "texts", "paper",    "papers",
                                               "article",  "articles",  "report", "reports", "page", "pages",   "collection", "book",  "manual",   "attachment",
                                               "memo",     "handbook",  "guide",  "passages", "everything"};

constexpr std::string_view kAskingChinese[] = {"讲了什么", "讲了些什么", "讲的是什么", "讲的什么", "说了什么", "说的是什么", "写了什么", "内容是什么", "講了什麼", "講的是什麼",
                                               "說了什麼", "內容是什麼", "主要内容",   "主要內容", "总结",     "總結",       "概括",     "概述",       "归纳",     "歸納",
                                               "摘要",     "概要",       "综述",       "綜述",     "大意",     "要点",       "要點",     "提要"};
constexpr std::string_view kFillerChinese[] = {"请",   "請",   "帮我", "幫我", "给我", "給我", "帮忙", "一下", "一份", "一个", "一個", "一段", "这份", "這份", "这个", "這個", "这篇",
                                               "這篇", "这些", "這些", "这本", "本",   "该",   "該",   "全部", "所有", "整个", "整個", "整篇", "简要", "簡要", "简单", "簡單", "简短",
                                               "地",   "用",   "写",   "寫",   "做",   "作",   "出",   "把",   "将",   "對",   "对",   "的",   "几句话", "三句话", "两句话", "一句话",
                                               "几句", "是",   "并",   "和",   "中文", "英文", "什么", "什麼", "主要", "它",   "能", "可以", "你", "我", "都", "里", "中", "吗", "呢", "吧"};
constexpr std::string_view kDocumentWordsChinese[] = {"文档", "文檔", "文件", "资料", "資料", "报告", "報告", "文章", "论文", "論文", "全文", "内容", "內容", "手册", "手冊", "说明书", "书", "附件", "合集"};

template <class List>
bool isOneOf(std::string_view word, const List& list)
{
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

std::string lowerCase(std::string_view text)
{
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z')
            c = char(c - 'A' + 'a');
    return lower;
}

// By white space, without the punctuation at both ends.
std::vector<std::string> words(std::string_view text)
{
    constexpr std::string_view kSpace = " \t\n\r";
    constexpr std::string_view kPunctuation = ".,:;!?\"'()[]";
    std::vector<std::string> list;
    for (size_t at = 0; (at = text.find_first_not_of(kSpace, at)) != std::string_view::npos;) {
        const size_t end = std::min(text.find_first_of(kSpace, at), text.size());
        std::string_view word = text.substr(at, end - at);
        const size_t first = word.find_first_not_of(kPunctuation);
        if (first != std::string_view::npos)
            list.emplace_back(word.substr(first, word.find_last_not_of(kPunctuation) - first + 1));
        at = end;
    }
    return list;
}

std::string joined(const std::vector<std::string>& list)
{
    std::string text;
    for (const std::string& word : list)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

// True when one was there.
template <class List>
bool removeAll(std::string& text, const List& parts)
{
    bool isThere = false;
    for (const std::string_view part : parts)
        for (size_t at = 0; (at = text.find(part, at)) != std::string::npos;) {
            text.replace(at, part.size(), " ");
            isThere = true;
        }
    return isThere;
}

std::optional<SummaryWish> chineseWish(std::string_view request)
{
    std::string about(request);
    if (!removeAll(about, kAskingChinese))
        return std::nullopt;
    removeAll(about, kFillerChinese);
    constexpr std::string_view kPunctuation[] = {"？", "?", "。", "，", "：", "、", "！", "《", "》", "“", "”", ",", ":", "!"};
    removeAll(about, kPunctuation);
    return SummaryWish{joined(words(about))};
}

std::optional<SummaryWish> englishWish(std::string_view request)
{
    const std::vector<std::string> all = words(request);
    std::vector<std::string> lower;
    for (const std::string& word : all)
        lower.push_back(lowerCase(word));
    std::vector<bool> isAsking(all.size());
    for (size_t i = 0; i < all.size(); ++i) {
        isAsking[i] = isAsking[i] || isOneOf(lower[i], kAsking);
        for (const auto& pair : kAskingPairs)
            if (i + 1 < all.size() && lower[i] == pair[0] && lower[i + 1] == pair[1])
                isAsking[i] = isAsking[i + 1] = true;
    }
    // "What is the handbook about?"
    const bool asksAbout = lower.size() > 2 && (lower[0] == "what" || lower[0] == "what's" || lower[0] == "whats") && lower.back() == "about";
    if (!asksAbout && std::find(isAsking.begin(), isAsking.end(), true) == isAsking.end())
        return std::nullopt;
    std::vector<std::string> about;
    for (size_t i = 0; i < all.size(); ++i)
        if (!isAsking[i] && !isOneOf(lower[i], kFiller) && !std::all_of(lower[i].begin(), lower[i].end(), [](char c) { return c >= '0' && c <= '9'; }))
            about.push_back(all[i]);
    return SummaryWish{joined(about)};
}

} // namespace

std::optional<SummaryWish> summaryWish(std::string_view request)
{
    std::optional<SummaryWish> wish = languageOf(request) == Language::chinese ? chineseWish(request) : englishWish(request);
    if (wish && withoutDocumentWords(wish->about).empty())
        wish->about.clear();
    return wish;
}

std::string withoutDocumentWords(std::string_view about)
{
    std::string text(about);
    removeAll(text, kDocumentWordsChinese);
    std::vector<std::string> rest = words(text);
    std::erase_if(rest, [](const std::string& word) { return isOneOf(lowerCase(word), kDocumentWords); });
    return joined(rest);
}

} // namespace sy::retrieval
