// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/charset.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iconv.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <uchardet/uchardet.h>
#include <vector>

namespace sy::documents {
namespace {

constexpr size_t kSampleBytes = 256 * 1024;
constexpr const char* kReplacement = "\xef\xbf\xbd";

struct IconvDeleter {
    using pointer = iconv_t;
    void operator()(iconv_t handle) const noexcept { iconv_close(handle); }
};
struct DetectorDeleter {
    void operator()(uchardet_t detector) const noexcept { uchardet_delete(detector); }
};
using Detector = std::unique_ptr<std::remove_pointer_t<uchardet_t>, DetectorDeleter>;

struct Utf8Check {
    int64_t nMultiByte = 0; // valid sequences past ASCII
    int64_t nBad = 0;

    Utf8Check& operator+=(const Utf8Check& other)
    {
        nMultiByte += other.nMultiByte;
        nBad += other.nBad;
        return *this;
    }
};

Utf8Check checkUtf8(std::string_view bytes)
{
    Utf8Check check;
    for (size_t at = 0; at < bytes.size();) {
        if (static_cast<unsigned char>(bytes[at]) < 0x80) {
            ++at;
            continue;
        }
        const CodePoint point = decodeUtf8(bytes, at);
        (point.isValid ? check.nMultiByte : check.nBad) += 1;
        at += static_cast<size_t>(point.nBytes);
    }
    return check;
}

// The lines that tell charsets apart: a long English text with one accented name has all its evidence in one place.
class TelltaleSample {
public:
    void add(std::string_view bytes)
    {
        while (!bytes.empty() && m_sample.size() < kSampleBytes) {
            const size_t lineEnd = bytes.find('\n');
            const size_t n = std::min(
                {lineEnd == std::string_view::npos ? bytes.size() : lineEnd + 1, bytes.size(), kMostOfLine - m_line.size()});
            m_line += bytes.substr(0, n);
            bytes.remove_prefix(n);
            if (m_line.back() == '\n' || m_line.size() == kMostOfLine)
                endLine();
        }
    }
    const std::string& finish()
    {
        if (m_sample.size() < kSampleBytes)
            endLine();
        return m_sample;
    }

private:
    static constexpr size_t kMostOfLine = 4096;

    void endLine()
    {
        if (std::any_of(m_line.begin(), m_line.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x80 || c == 0x1b || c == 0x0e || c == 0x0f; }))
            m_sample += m_line;
        m_line.clear();
    }

    std::string m_sample, m_line;
};

// A sample may end in the middle of a character, so the very end does not count.
bool decodesStrictly(std::string_view sample, const std::string& charset)
{
    const Decoded decoded = decodeText(sample, charset);
    return decoded.nReplaced == 0 || (decoded.nReplaced == 1 && sample.size() > 8 && decoded.utf8.size() >= 3 &&
                                      decoded.utf8.ends_with("\xef\xbf\xbd"));
}

// How much of a text reads like writing: letters, digits, spaces and common punctuation.
double readableShare(std::string_view utf8)
{
    int64_t nGood = 0, nAll = 0;
    for (size_t at = 0; at < utf8.size();) {
        const CodePoint point = decodeUtf8(utf8, at);
        at += static_cast<size_t>(point.nBytes);
        const char32_t c = point.value;
        ++nAll;
        const bool isRare = (c >= 0x3400 && c < 0x4e00) || c > 0xffff || isUnreadable(c);
        nGood += !isRare && (c == '\r' || isSpace(c) || isLetter(c) || (c >= 0x20 && c < 0x7f) || isCjk(c) ||
                             (c >= 0x2010 && c <= 0x2030));
    }
    return nAll == 0 ? 0 : static_cast<double>(nGood) / static_cast<double>(nAll);
}

// UTF-16 and UTF-32 without a mark. Western text shows zero bytes on one side; Chinese and Japanese hardly do, but line
// feeds, digits and spaces still give some, and only the right byte order makes a text of letters.
std::optional<std::string> guessWide(std::string_view bytes)
{
    const std::string_view sample = bytes.substr(0, std::min(kSampleBytes, bytes.size()) & ~size_t{3});
    if (sample.size() < 4)
        return std::nullopt;
    int64_t zeros[4] = {};
    for (size_t i = 0; i < sample.size(); ++i)
        zeros[i & 3] += sample[i] == 0;
    const auto quarter = static_cast<int64_t>(sample.size() / 4);
    if (zeros[0] + zeros[1] + zeros[2] + zeros[3] == 0)
        return std::nullopt;
    std::vector<std::string> candidates;
    if (zeros[2] == quarter || zeros[3] == quarter)
        candidates.push_back("UTF-32LE");
    if (zeros[0] == quarter || zeros[1] == quarter)
        candidates.push_back("UTF-32BE");
    candidates.push_back("UTF-16LE");
    candidates.push_back("UTF-16BE");
    std::string best;
    double bestShare = 0.9;
    for (const std::string& charset : candidates) {
        const Decoded decoded = decodeText(sample, charset);
        const double share = readableShare(decoded.utf8);
        if (decoded.nReplaced <= 1 && decoded.utf8.find('\0') == std::string::npos && share > bestShare) {
            best = charset;
            bestShare = share;
        }
    }
    if (best.empty())
        return std::nullopt;
    return best;
}

// uchardet's names that iconv spells otherwise, and smaller sets that a larger one of today contains.
std::string iconvName(std::string name)
{
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (name == "GB2312" || name == "GBK" || name == "HZ-GB-2312")
        return name == "HZ-GB-2312" ? "HZ" : "GB18030";
    if (name == "SHIFT_JIS")
        return "CP932";
    if (name == "EUC-KR" || name == "UHC")
        return "CP949";
    if (name == "ISO-8859-1" || name == "ASCII" || name == "US-ASCII")
        return "WINDOWS-1252";
    if (name == "MAC-CYRILLIC")
        return "MAC-CYRILLIC";
    return name;
}

bool isKnownToIconv(const std::string& charset)
{
    const iconv_t handle = iconv_open("UTF-8", charset.c_str());
    if (handle == reinterpret_cast<iconv_t>(-1))
        return false;
    iconv_close(handle);
    return true;
}

// Western single-byte sets decode everything, so uchardet's answer for a few bytes is often an exotic neighbour. Quotation
// marks and dashes of windows-1252 beside plain letters are no evidence for anything else.
bool hasOnlyWesternPunctuation(std::string_view sample)
{
    static constexpr unsigned char kMarks[] = {0x82, 0x84, 0x85, 0x91, 0x92, 0x93, 0x94, 0x95,
                                               0x96, 0x97, 0x99, 0xa0, 0xa9, 0xab, 0xae, 0xbb};
    return std::all_of(sample.begin(), sample.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x80 || std::find(std::begin(kMarks), std::end(kMarks), byte) != std::end(kMarks);
    });
}

std::string guessByDetector(std::string_view sample)
{
    if (hasOnlyWesternPunctuation(sample) && sample.find('\x1b') == std::string_view::npos &&
        sample.find('\x0e') == std::string_view::npos)
        return "WINDOWS-1252";
    const Detector detector(uchardet_new());
    uchardet_handle_data(detector.get(), sample.data(), sample.size());
    uchardet_data_end(detector.get());
    const std::string name = iconvName(uchardet_get_charset(detector.get()));
    if (!name.empty() && name != "UTF-8" && isKnownToIconv(name) && decodesStrictly(sample, name))
        return name;
    for (const char* candidate :
         {"GB18030", "BIG5-HKSCS", "CP932", "EUC-JP", "CP949", "WINDOWS-1252", "WINDOWS-1251", "KOI8-R", "ISO-8859-2"})
        if (decodesStrictly(sample, candidate) && readableShare(decodeText(sample, candidate).utf8) > 0.9)
            return candidate;
    return "WINDOWS-1252";
}

// Control characters that text has no use for. Escape, shift-out and shift-in belong to ISO-2022 encodings.
bool looksBinary(std::string_view sample)
{
    const auto n = std::count_if(sample.begin(), sample.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f' && byte != 0x1b && byte != 0x0e &&
               byte != 0x0f && byte != 0x1a;
    });
    return sample.find('\0') != std::string_view::npos || n * 100 > static_cast<int64_t>(sample.size());
}

// What the start of a text, kSampleBytes of it at most, and all of it tell.
CharsetGuess judge(std::string_view start, const std::function<Utf8Check()>& checkAll,
                   const std::function<std::string()>& telltaleSample)
{
    using namespace std::string_view_literals;
    if (start.starts_with("\xef\xbb\xbf"sv))
        return {"UTF-8", 3, checkAll().nBad, {}};
    if (start.starts_with("\xff\xfe\0\0"sv))
        return {"UTF-32LE", 4, 0, {}};
    if (start.starts_with("\0\0\xfe\xff"sv))
        return {"UTF-32BE", 4, 0, {}};
    if (start.starts_with("\xff\xfe"sv))
        return {"UTF-16LE", 2, 0, {}};
    if (start.starts_with("\xfe\xff"sv))
        return {"UTF-16BE", 2, 0, {}};

    if (start.find('\0') != std::string_view::npos) {
        if (const auto wide = guessWide(start))
            return {*wide, 0, 0, {}};
        return {{}, 0, 0, "it holds binary data"};
    }
    if (looksBinary(start))
        return {{}, 0, 0, "it holds binary data"};

    const bool hasEscapes =
        start.find("\x1b$"sv) != std::string_view::npos || start.find("\x1b("sv) != std::string_view::npos;
    const Utf8Check check = checkAll();
    if (check.nBad == 0 && !hasEscapes)
        return {"UTF-8", 0, 0, {}};
    // A few damaged bytes in a long UTF-8 text: no other charset makes so many valid sequences by chance.
    if (check.nBad > 0 && check.nMultiByte >= 10 * check.nBad)
        return {"UTF-8", 0, check.nBad, {}};
    const std::string sample = telltaleSample();
    // Japanese without kanji-in sequences and the like: fall back to what was valid.
    const std::string charset = guessByDetector(sample);
    if (check.nBad == 0 && !charset.starts_with("ISO-2022") && charset != "HZ")
        return {"UTF-8", 0, 0, {}};
    if (readableShare(decodeText(sample, charset).utf8) < 0.6)
        return {{}, 0, 0, "its characters could not be made out"};
    return {charset, 0, 0, {}};
}

} // namespace

struct TextDecoder::State {
    std::unique_ptr<iconv_t, IconvDeleter> handle;
    std::string held; // the beginning of a character
    std::vector<char> block = std::vector<char>(64 * 1024);
    int64_t nReplaced = 0;
};

TextDecoder::TextDecoder(const std::string& charset) : m_state(std::make_unique<State>())
{
    const iconv_t raw = iconv_open("UTF-8", charset.c_str());
    if (raw == reinterpret_cast<iconv_t>(-1))
        throw std::invalid_argument("decodeText: no charset " + charset);
    m_state->handle.reset(raw);
}

TextDecoder::~TextDecoder() = default;
TextDecoder::TextDecoder(TextDecoder&&) noexcept = default;
TextDecoder& TextDecoder::operator=(TextDecoder&&) noexcept = default;

int64_t TextDecoder::nReplaced() const
{
    return m_state->nReplaced;
}

void TextDecoder::add(std::string_view bytes, std::string& utf8)
{
    State& s = *m_state;
    const std::string joined = s.held.empty() ? std::string() : s.held + std::string(bytes);
    if (!joined.empty())
        bytes = joined;
    s.held.clear();
    char* in = const_cast<char*>(bytes.data());
    size_t nIn = bytes.size();
    while (nIn > 0) {
        char* out = s.block.data();
        size_t nOut = s.block.size();
        const size_t status = iconv(s.handle.get(), &in, &nIn, &out, &nOut);
        const int problem = errno;
        utf8.append(s.block.data(), static_cast<size_t>(out - s.block.data()));
        if (status != static_cast<size_t>(-1) || problem == E2BIG)
            continue;
        if (problem == EINVAL) { // an incomplete character at the end
            s.held.assign(in, nIn);
            return;
        }
        utf8 += kReplacement; // EILSEQ
        ++s.nReplaced;
        ++in;
        --nIn;
    }
}

void TextDecoder::finish(std::string& utf8)
{
    if (m_state->held.empty())
        return;
    utf8 += kReplacement;
    ++m_state->nReplaced;
    m_state->held.clear();
}

Decoded decodeText(std::string_view bytes, const std::string& charset)
{
    TextDecoder decoder(charset);
    Decoded result;
    result.utf8.reserve(bytes.size() + bytes.size() / 2);
    decoder.add(bytes, result.utf8);
    decoder.finish(result.utf8);
    result.nReplaced = decoder.nReplaced();
    return result;
}

struct CharsetGuesser::State {
    std::string start; // kSampleBytes of it
    std::string held;  // the beginning of a UTF-8 sequence
    Utf8Check check;
    TelltaleSample telltale;
};

CharsetGuesser::CharsetGuesser() : m_state(std::make_unique<State>()) {}
CharsetGuesser::~CharsetGuesser() = default;

void CharsetGuesser::add(std::string_view bytes)
{
    State& s = *m_state;
    s.start += bytes.substr(0, kSampleBytes - s.start.size());
    s.telltale.add(bytes);
    const std::string joined = s.held.empty() ? std::string() : s.held + std::string(bytes);
    if (!joined.empty())
        bytes = joined;
    const size_t nWhole = bytes.size() - incompleteUtf8Tail(bytes);
    s.check += checkUtf8(bytes.substr(0, nWhole));
    s.held = bytes.substr(nWhole);
}

CharsetGuess CharsetGuesser::guess()
{
    State& s = *m_state;
    s.check += checkUtf8(s.held);
    return judge(
        s.start, [&] { return s.check; }, [&] { return s.telltale.finish(); });
}

CharsetGuess guessCharset(std::string_view bytes)
{
    return judge(
        bytes.substr(0, kSampleBytes), [&] { return checkUtf8(bytes); },
        [&] {
            TelltaleSample sample;
            sample.add(bytes);
            return sample.finish();
        });
}

} // namespace sy::documents
