// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/prompt.h"

#include "engine/documents/normalize.h"
#include "engine/retrieval/prepared_document.h"
#include "engine/retrieval/query_terms.h"
#include "engine/store/terms.h"

#include <algorithm>
#include <cmath>

namespace sy::retrieval {

namespace {

struct Wording {
    const char* system;
    const char* passages;
    const char* question;
    const char* rule;
    const char* check;
    const char* refusal;
    struct {
        const char *system, *request, *rules[3]; // by SummaryOf
        const char *fewPassages, *fewDocuments;  // %1 of %2
    } summary;
    struct {
        const char *system, *example, *rewritten; // without the example the starter model answers the question instead
        const char *user, *assistant, *followUp;
    } condense;
};

constexpr Wording kEnglish = {
    "You answer questions from the numbered passages in the user's message and from nothing else.",
    "Passages:\n\n",
    "Question: ",
    "\n\nAnswer in one or two sentences, using only the passages.",
    "\n\nDo the passages contain the answer to this question? Reply with one word, Yes or No.",
    "The documents do not say.",
    {"You summarize the numbered passages in the user's message and add nothing to them.",
     "Request: ",
     {"Summarize these passages in two or three sentences.",
      "\n\nWrite a summary of four to six sentences. The first sentence says what the document is and who wrote it; then every passage "
      "gets one sentence with its most important fact.",
      "\n\nWrite one sentence for each passage that says what its document is about, using only the passages."},
     "This summary rests on %1 of %2 passages, evenly chosen.",
     "These are the %1 documents added last, of %2."},
    {"Rewrite the follow-up as one complete question that can be understood on its own, naming what the conversation leaves "
     "out. Reply "
     "with the question only.",
     "User: How high is the Blue Lake dam?\nAssistant: The Blue Lake dam is 120 metres high.\nFollow-up: And how long is "
     "it?",
     "How long is the Blue Lake dam?", "User: ", "Assistant: ", "Follow-up: "},
};

constexpr Wording kChinese = {
    "你根据用户消息中的编号资料回答问题，不使用资料以外的内容。",
    "资料：\n\n",
    "问题：",
    "\n\n请只根据资料，用一两句完整的话回答。",
    "\n\n资料中有没有这个问题的答案？只回答“有”或“没有”。",
    "资料中没有说明。",
    {"你对用户消息中的编号资料做总结，不添加资料以外的内容。",
     "要求：",
     {"请用两三句话总结以上资料。",
      "\n\n请用四到六句完整的话总结：第一句说明这份资料是什么；然后每段资料各写一句，写出其中最重要的事实。",
      "\n\n请只根据资料，对每份资料各用一句话说明它讲什么。"},
     "本总结依据均匀选取的%1个段落，全文共%2个段落。",
     "以上为最近添加的%1份文档，共%2份。"},
    {"把追问改写成一个完整、独立的问题，补上对话中省略的对象。只输出改写后的问题。",
     "用户：蓝湖大坝有多高？\n助手：蓝湖大坝高120米。\n追问：那长度呢？", "蓝湖大坝有多长？", "用户：", "助手：", "追问："},
};

const Wording& wordingOf(Language language)
{
    return language == Language::chinese ? kChinese : kEnglish;
}

// "that", "there" and "one" are left out: in a whole question they rarely point back ("the ship that sank"), and in a short
// one the length decides.
constexpr std::string_view kPointingBack[] = {"it", "its", "they", "them", "their", "theirs", "this", "these",  "those",
                                              "he", "him", "his",  "she",  "her",   "hers",   "same", "former", "latter"};
constexpr std::string_view kPointingBackChinese[] = {"它", "他", "她", "这",   "那",   "該",   "该",
                                                     "其", "這", "此", "前者", "后者", "後者", "上述"};
// Words with one of these in them that point nowhere.
constexpr std::string_view kNotPointing[] = {"其他", "其它", "其余", "其餘", "其实", "其實", "其中",
                                             "他人", "因此", "如此", "此外", "应该", "應該"};

/// The title and section in front of a passage's text, unless the text begins with them.
std::string headingOf(const Passage& passage)
{
    std::string heading = passage.hit.title;
    if (!passage.hit.section.empty() && passage.hit.section != heading)
        heading += (heading.empty() ? "" : " › ") + passage.hit.section;
    return passage.text.starts_with(heading) ? std::string() : heading;
}

/// question: with what stands before it; may be empty.
std::vector<Turn> passagesPrompt(std::string system, std::string_view addedInstructions, const char* heading,
                                 std::span<const Passage> passages, const std::string& question, const char* lastLine)
{
    if (!addedInstructions.empty())
        system.append("\n\n").append(addedInstructions);
    std::string user = heading;
    for (size_t i = 0; i < passages.size(); ++i) {
        user.append("[").append(std::to_string(i + 1)).append("] ");
        if (const std::string heading = headingOf(passages[i]); !heading.empty())
            user += asPlainText(heading) + "\n";
        user += asPlainText(passages[i].text) + "\n\n";
    }
    user += question + lastLine;
    return {{"system", system}, {"user", user}};
}

} // namespace

std::string asPlainText(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        const bool opens = text[i] == '<' && i + 1 < text.size() && text[i + 1] == '|';
        const bool closes = text[i] == '|' && i + 1 < text.size() && text[i + 1] == '>';
        if (opens || closes)
            out += ' ';
    }
    return out;
}

std::vector<Turn> answerPrompt(Language language, std::string_view addedInstructions, std::span<const Passage> passages,
                               std::string_view question)
{
    const Wording& wording = wordingOf(language);
    return passagesPrompt(wording.system, addedInstructions, wording.passages, passages, wording.question + asPlainText(question), wording.rule);
}

std::vector<Turn> checkPrompt(Language language, std::string_view addedInstructions, std::span<const Passage> passages,
                              std::string_view question)
{
    const Wording& wording = wordingOf(language);
    return passagesPrompt(wording.system, addedInstructions, wording.passages, passages, wording.question + asPlainText(question), wording.check);
}

std::vector<Turn> summaryPrompt(Language language, std::string_view addedInstructions, std::span<const Passage> passages,
                                std::string_view request, SummaryOf what)
{
    const Wording& wording = wordingOf(language);
    return passagesPrompt(wording.summary.system, addedInstructions, wording.passages, passages,
                          request.empty() ? std::string() : wording.summary.request + asPlainText(request), wording.summary.rules[int(what)]);
}

std::string shortReadingText(Language language, int64_t nRead, int64_t nAll, bool arePassages)
{
    const auto& wording = wordingOf(language).summary;
    std::string text = arePassages ? wording.fewPassages : wording.fewDocuments;
    text.replace(text.find("%1"), 2, std::to_string(nRead));
    text.replace(text.find("%2"), 2, std::to_string(nAll));
    return text;
}

std::optional<double> checkLogOdds(std::string_view word, double logprob)
{
    constexpr double kMost = 5; // a probability of 1 is no more than a very sure word
    const double odds = std::clamp(logprob - std::log1p(-std::exp(std::min(logprob, -1e-9))), -kMost, kMost);
    const size_t start = word.find_first_not_of(" \n");
    const std::string_view bare = start == std::string_view::npos ? std::string_view() : word.substr(start);
    if (bare.starts_with("Yes") || bare.starts_with("yes") || bare.starts_with("有"))
        return odds;
    if (bare.starts_with("No") || bare.starts_with("no") || bare.starts_with("没") || bare.starts_with("無") ||
        bare.starts_with("无"))
        return -odds;
    return {};
}

std::string refusalText(Language language)
{
    return wordingOf(language).refusal;
}

bool isRefusal(std::string_view answer)
{
    // What is said not to be there, and where it is not: both have to be named, since documents too speak of what was not
    // mentioned.
    constexpr std::string_view kAbsent[] = {
        "not mention", "not say",    "not specif",     "not state", "not contain", "not provide", "not include",
        "not given",   "no mention", "no information", "没有提到",  "没有提及",    "没有说明",    "没有提供",
        "没有给出",    "没有明确",   "没有相关",       "没有答案",  "没有关于",    "未提及",      "未提到",
        "未说明",      "未提供",     "未明确",         "无法确定",  "无法得知"};
    constexpr std::string_view kPlaces[] = {"passage", "document", "the text", "information",
                                            "资料",    "文中",     "文档",     "信息"};
    const auto hasOneOf = [&](const auto& words) {
        return std::any_of(std::begin(words), std::end(words),
                           [&](std::string_view word) { return answer.find(word) != std::string_view::npos; });
    };
    return hasOneOf(kAbsent) && hasOneOf(kPlaces);
}

std::vector<Turn> condensePrompt(Language language, std::span<const Turn> history, std::string_view question)
{
    // The last two exchanges say what a pronoun stands for; more only costs time.
    constexpr size_t kMaxTurns = 4;
    constexpr size_t kMaxTurnBytes = 600;
    const auto& wording = wordingOf(language).condense;
    std::string user;
    const size_t first = history.size() > kMaxTurns ? history.size() - kMaxTurns : 0;
    for (size_t i = first; i < history.size(); ++i) {
        if (history[i].role == "system")
            continue;
        std::string content = asPlainText(history[i].content);
        if (content.size() > kMaxTurnBytes) {
            size_t cut = kMaxTurnBytes;
            while (cut > 0 && (static_cast<unsigned char>(content[cut]) & 0xC0) == 0x80)
                --cut;
            content.resize(cut);
        }
        user += history[i].role == "user" ? wording.user : wording.assistant;
        user += content + "\n";
    }
    user += wording.followUp + asPlainText(question);
    return {{"system", wording.system}, {"user", wording.example}, {"assistant", wording.rewritten}, {"user", user}};
}

bool needsCondensing(std::string_view question, std::span<const Turn> history)
{
    if (std::none_of(history.begin(), history.end(), [](const Turn& turn) { return turn.role == "user"; }))
        return false;
    const bool isChinese = isMostlyCjk(question);
    if (isChinese) {
        std::string text(question);
        for (const std::string_view word : kNotPointing)
            for (size_t at = text.find(word); at != std::string::npos; at = text.find(word))
                text.erase(at, word.size());
        if (std::any_of(std::begin(kPointingBackChinese), std::end(kPointingBackChinese),
                        [&](std::string_view word) { return text.find(word) != std::string::npos; }))
            return true;
    } else {
        std::string word;
        for (size_t i = 0; i <= question.size(); ++i) {
            const char c = i < question.size() ? char(question[i] | 0x20) : ' ';
            if (c >= 'a' && c <= 'z') {
                word += c;
            } else {
                if (std::find(std::begin(kPointingBack), std::end(kPointingBack), word) != std::end(kPointingBack))
                    return true;
                word.clear();
            }
        }
    }
    // Two characters count as a word.
    int64_t nWords = 0, nCharacters = 0;
    for (const QueryTerm& term : queryTerms(question)) {
        if (!term.isCjk)
            ++nWords;
        else if (term.surface.size() <= 4) // a single character
            ++nCharacters;
    }
    return nWords + nCharacters / 2 < 4;
}

std::string joinedWithPrevious(std::span<const Turn> history, std::string_view question)
{
    const auto previous =
        std::find_if(history.rbegin(), history.rend(), [](const Turn& turn) { return turn.role == "user"; });
    if (previous == history.rend())
        return std::string(question);
    return previous->content + " " + std::string(question);
}

std::string cleanedRewrite(std::string_view text, std::string_view question)
{
    const size_t start = text.find_first_not_of(" \t\r\n\"");
    if (start == std::string_view::npos)
        return {};
    std::string line(text.substr(start, text.find('\n', start) - start));
    while (!line.empty() && (line.back() == ' ' || line.back() == '"' || line.back() == '\r'))
        line.pop_back();
    if (line.size() > 4 * question.size() + 200 || line.size() < question.size() / 3)
        return {};
    // A rewriting shares the question's own words; an answer or an excuse hardly does.
    const auto own = queryTerms(question);
    const auto rewritten = queryTerms(line);
    const auto nShared = std::count_if(own.begin(), own.end(), [&](const QueryTerm& term) {
        return std::any_of(rewritten.begin(), rewritten.end(),
                           [&](const QueryTerm& other) { return other.term == term.term; });
    });
    return own.empty() || nShared * 2 >= int64_t(own.size()) ? line : std::string();
}

} // namespace sy::retrieval
