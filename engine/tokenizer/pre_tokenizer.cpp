// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/pre_tokenizer.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <new>
#include <stdexcept>
#include <string>

namespace sy::tokenizer {

namespace {

struct CodeDeleter {
    void operator()(pcre2_code* p) const noexcept { pcre2_code_free(p); }
};
struct MatchDataDeleter {
    void operator()(pcre2_match_data* p) const noexcept { pcre2_match_data_free(p); }
};
struct MatchContextDeleter {
    void operator()(pcre2_match_context* p) const noexcept { pcre2_match_context_free(p); }
};
using Code = std::unique_ptr<pcre2_code, CodeDeleter>;
using MatchData = std::unique_ptr<pcre2_match_data, MatchDataDeleter>;
using MatchContext = std::unique_ptr<pcre2_match_context, MatchContextDeleter>;

// PCRE2's \s holds U+180E, which stopped being white space in Unicode 6.3 and is none for the models.
constexpr std::string_view kWhiteSpace = R"(\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

std::string withOwnWhiteSpace(std::string_view expression)
{
    std::string out;
    bool isInClass = false;
    for (size_t i = 0; i < expression.size(); ++i) {
        const char c = expression[i];
        if (c == '\\' && i + 1 < expression.size()) {
            const char next = expression[++i];
            if (next == 's' && isInClass)
                out += kWhiteSpace;
            else if (next == 's' || (next == 'S' && !isInClass))
                out.append(next == 's' ? "[" : "[^").append(kWhiteSpace).append("]");
            else
                out.append({c, next});
            continue;
        }
        if (c == '[' && !isInClass)
            isInClass = true;
        else if (c == ']')
            isInClass = false;
        out += c;
    }
    return out;
}

} // namespace

struct PreTokenizer::Pass {
    Code code;
    MatchContext context; // only read when matching
    bool isCompiledToMachineCode = false;

    Pass(std::string_view expression, bool isOurs, const std::string& source)
    {
        const std::string pattern = withOwnWhiteSpace(expression);
        int error = 0;
        PCRE2_SIZE where = 0;
        code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_UCP, &error,
                                 &where, nullptr));
        if (!code)
            throw BadFile(source, "the splitting expression \"" + pattern.substr(0, 200) + "\" is none: it fails at character " +
                                      std::to_string(where));
        // Where the system forbids writable code pages there is no machine code, and the interpreter does the same, slower.
        isCompiledToMachineCode = pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE) == 0;
        context.reset(pcre2_match_context_create(nullptr));
        if (!context)
            throw std::bad_alloc();
        // The default limits would give up on a run of more than ten million spaces; our own expressions are linear.
        constexpr uint32_t kStrangersLimit = 1'000'000;
        pcre2_set_match_limit(context.get(), isOurs ? 0xFFFFFFFF : kStrangersLimit);
        pcre2_set_heap_limit(context.get(), 1U << 20); // KiB
    }

    // Appends base + the ends of the pieces of `piece`.
    void split(std::string_view piece, size_t base, pcre2_match_data* data, std::vector<size_t>& ends) const
    {
        const auto subject = reinterpret_cast<PCRE2_SPTR>(piece.data());
        const PCRE2_SIZE* match = pcre2_get_ovector_pointer(data);
        size_t done = 0;
        for (size_t at = 0; at < piece.size();) {
            int found = PCRE2_ERROR_JIT_STACKLIMIT;
            if (isCompiledToMachineCode)
                found = pcre2_jit_match(code.get(), subject, piece.size(), at, 0, data, context.get());
            if (found == PCRE2_ERROR_JIT_STACKLIMIT)
                found = pcre2_match(code.get(), subject, piece.size(), at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, context.get());
            if (found < 0) // no match, or a limit
                break;
            const size_t begin = match[0], end = match[1];
            if (begin > done)
                ends.push_back(base + begin);
            if (end > begin)
                ends.push_back(base + end);
            done = end;
            at = end > at ? end : at + decodeUtf8(piece, at).nBytes;
        }
        if (done < piece.size())
            ends.push_back(base + piece.size());
    }
};

PreTokenizer::PreTokenizer(const PreTokenizerRow& row, const std::string& source)
{
    m_passes.reserve(row.expressions.size());
    for (const std::string_view expression : row.expressions)
        m_passes.emplace_back(expression, isPreTokenizerExpression(expression), source);
}

PreTokenizer::~PreTokenizer() = default;

void PreTokenizer::split(std::string_view text, std::vector<size_t>& ends) const
{
    if (isValidUtf8(text)) {
        splitValid(text, ends);
        return;
    }
    // The expressions see U+FFFD, three bytes, for each invalid byte; the ends are moved back by two for each one before them.
    std::string valid;
    std::vector<size_t> replaced; // offsets in `valid`
    valid.reserve(text.size() + 64);
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        if (!c.isValid)
            replaced.push_back(valid.size());
        appendUtf8(valid, c.value);
        at += c.nBytes;
    }
    splitValid(valid, ends);
    size_t nBefore = 0;
    for (size_t& end : ends) {
        while (nBefore < replaced.size() && replaced[nBefore] < end)
            ++nBefore;
        end -= 2 * nBefore;
    }
}

void PreTokenizer::splitValid(std::string_view text, std::vector<size_t>& ends) const
{
    ends.clear();
    if (text.empty())
        return;
    const MatchData data(pcre2_match_data_create(1, nullptr));
    if (!data)
        throw std::bad_alloc();
    ends.push_back(text.size());
    std::vector<size_t> coarser;
    for (const Pass& pass : m_passes) {
        coarser.swap(ends);
        ends.clear();
        size_t begin = 0;
        for (const size_t end : coarser) {
            pass.split(text.substr(begin, end - begin), begin, data.get(), ends);
            begin = end;
        }
    }
}

} // namespace sy::tokenizer
