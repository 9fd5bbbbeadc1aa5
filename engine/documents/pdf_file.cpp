// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/pdf_file.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <poppler-document.h>
#include <poppler-image.h>
#include <poppler-page-renderer.h>
#include <poppler-page.h>
#include <poppler-toc.h>
#include <utf8proc.h>

namespace sy::documents {
namespace {

constexpr double kMaxPixels = 24e6;  // a page image of 72 MB
constexpr double kInvisibleSize = 1; // points; smaller text is meant for machines only
constexpr size_t kMaxOutline = 20000;

std::string utf8Of(const poppler::ustring& text)
{
    const poppler::byte_array bytes = text.to_utf8();
    std::string out(bytes.begin(), bytes.end());
    if (const size_t end = out.find('\0'); end != std::string::npos) // to_utf8 may leave its terminator
        out.resize(end);
    return isValidUtf8(out) ? out : sanitizedUtf8(out);
}

std::string saslPrepared(const std::string& password)
{
    utf8proc_uint8_t* raw = nullptr;
    const auto n = utf8proc_map(
        reinterpret_cast<const utf8proc_uint8_t*>(password.data()), static_cast<utf8proc_ssize_t>(password.size()), &raw,
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&free)> owned(raw, &free);
    return n < 0 ? password : std::string(reinterpret_cast<const char*>(raw), static_cast<size_t>(n));
}

std::string latin1(const std::string& password)
{
    std::string out;
    for (const char32_t c : toUtf32(password)) {
        if (c > 0xff)
            return {};
        out += static_cast<char>(c);
    }
    return out;
}

bool isBoldName(const std::string& font)
{
    auto has = [&](const char* part) { return font.find(part) != std::string::npos; };
    return has("Bold") || has("bold") || has("Black") || has("Heavy") || has("Semibold") || has("-Bd") || has("CMBX") ||
           has("BX1") || has("SimHei") || has("Hei-");
}

void collapseSpaces(std::string& text)
{
    std::string out;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n' || c == '\t';
        if (!space)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    if (!out.empty() && out.back() == ' ')
        out.pop_back();
    text = std::move(out);
}

bool isInside(const Rect& box, double width, double height)
{
    return box.right > 0 && box.bottom > 0 && box.left < width && box.top < height;
}

void collectOutline(const poppler::toc_item* item, int level, std::vector<OutlineEntry>& entries)
{
    for (const poppler::toc_item* child : item->children()) {
        if (entries.size() >= kMaxOutline || level > 12)
            return;
        entries.push_back({normalized(utf8Of(child->title()), {.foldsGlyphForms = true}), level});
        collectOutline(child, level + 1, entries);
    }
}

} // namespace

PdfFile::PdfFile(const std::string& path, const std::string& password)
{
    poppler::set_debug_error_function(&PdfFile::noteProblem, this);
    std::vector<std::string> attempts{password};
    if (!password.empty()) {
        attempts.push_back(saslPrepared(password));
        attempts.push_back(latin1(password));
    }
    for (const std::string& attempt : attempts) {
        if (open(path, attempt))
            return;
        if (m_state == State::Damaged)
            break;
    }
}

PdfFile::~PdfFile()
{
    m_document.reset();
    poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
}

bool PdfFile::open(const std::string& path, const std::string& password)
{
    m_hasUnknownEncryption = false;
    m_document.reset(poppler::document::load_from_file(path, password, password));
    if (!m_document)
        m_state = m_hasUnknownEncryption ? State::UnknownEncryption : State::Damaged;
    else
        m_state = m_document->is_locked() ? State::Locked : State::Open;
    return m_state == State::Open;
}

void PdfFile::noteProblem(const std::string& message, void* self)
{
    auto* file = static_cast<PdfFile*>(self);
    if (message.find("Missing language pack") != std::string::npos)
        file->m_lacksLanguageData = true;
    if (message.find("security handler") != std::string::npos ||
        message.find("Unsupported version/revision") != std::string::npos)
        file->m_hasUnknownEncryption = true;
}

int PdfFile::nPages() const
{
    return m_state == State::Open ? std::max(0, m_document->pages()) : 0;
}

std::string PdfFile::title() const
{
    if (m_state != State::Open)
        return {};
    std::string title = normalized(utf8Of(m_document->get_title()), {.foldsGlyphForms = true});
    std::replace(title.begin(), title.end(), '\n', ' ');
    const size_t first = title.find_first_not_of(" \t");
    title = first == std::string::npos ? std::string() : title.substr(first, title.find_last_not_of(" \t") - first + 1);
    const auto n = countCodePoints(title);
    std::string lower = title;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    static constexpr const char* kMachineMade[] = {"untitled",  "microsoft ", "powerpoint presentation", "slide 1", "无标题",
                                                   "document1", "title"};
    for (const char* mark : kMachineMade)
        if (lower.starts_with(mark))
            return {};
    static constexpr const char* kFileEnds[] = {".doc", ".docx", ".dvi", ".indd", ".qxd", ".tex",  ".xls", ".xlsx",
                                                ".ppt", ".pptx", ".odt", ".pdf",  ".rtf", ".html", ".htm"};
    for (const char* end : kFileEnds)
        if (lower.ends_with(end))
            return {};
    const auto letters = toUtf32(title);
    const bool hasGarbage = std::any_of(letters.begin(), letters.end(), isUnreadable);
    return n < 3 || n > 200 || hasGarbage || title.find("://") != std::string::npos ? std::string() : title;
}

std::vector<OutlineEntry> PdfFile::outline() const
{
    std::vector<OutlineEntry> entries;
    if (m_state == State::Open)
        if (const std::unique_ptr<poppler::toc> toc(m_document->create_toc()); toc && toc->root() != nullptr)
            collectOutline(toc->root(), 1, entries);
    return entries;
}

PdfFile::PageContent PdfFile::readPage(int number) const
{
    PageContent content;
    if (number < 1 || number > nPages())
        return content;
    const std::unique_ptr<poppler::page> page(m_document->create_page(number - 1));
    if (!page)
        return content;
    content.isReadable = true;
    content.label = normalized(utf8Of(page->label()));
    if (content.label == std::to_string(number))
        content.label.clear();
    const poppler::rectf rect = page->page_rect();
    content.width = rect.width();
    content.height = rect.height();
    const auto turn = page->orientation();
    if (turn == poppler::page::landscape || turn == poppler::page::seascape)
        std::swap(content.width, content.height);

    std::vector<PdfWord> words;
    for (const poppler::text_box& box : page->text_list(poppler::page::text_list_include_font)) {
        PdfWord word;
        const poppler::rectf where = box.bbox();
        word.box = {where.left(), where.top(), where.right(), where.bottom()};
        std::string text = utf8Of(box.text());
        // A soft hyphen at the end of a word is one that was used: hand it to the line joiner as a hyphen.
        if (text.ends_with("\xc2\xad"))
            text.replace(text.size() - 2, 2, "\xe2\x80\x90");
        word.text = normalized(text, {.foldsGlyphForms = true});
        collapseSpaces(word.text); // a "word" may be a whole line, drawn as one string
        word.rotation = box.rotation() & 3;
        const double across = word.rotation % 2 == 0 ? where.height() : where.width();
        word.size = box.has_font_info() && box.get_font_size() > 0 ? box.get_font_size() : across;
        // Fonts scaled by their matrix report a size of 1 or 1000: the box knows better.
        if (word.size < 0.5 * across || word.size > 2.5 * across)
            word.size = across;
        word.isBold = box.has_font_info() && isBoldName(box.get_font_name());
        word.hasSpaceAfter = box.has_space_after();
        if (!word.text.empty() && word.size >= kInvisibleSize && isInside(word.box, content.width, content.height))
            words.push_back(std::move(word));
    }
    content.lines = layOutPage(std::move(words), content.width, content.height,
                               [&] { return utf8Of(page->text(poppler::rectf(), poppler::page::raw_order_layout)); });
    return content;
}

PageImage PdfFile::render(int number, double dpi) const
{
    PageImage result;
    if (number < 1 || number > nPages() || !poppler::page_renderer::can_render())
        return result;
    const std::unique_ptr<poppler::page> page(m_document->create_page(number - 1));
    if (!page)
        return result;
    const poppler::rectf rect = page->page_rect();
    const double inches2 = rect.width() * rect.height() / (72.0 * 72.0);
    if (!(inches2 > 0))
        return result;
    dpi = std::min(std::clamp(dpi, 10.0, 600.0), std::sqrt(kMaxPixels / inches2));
    poppler::page_renderer renderer;
    renderer.set_render_hint(poppler::page_renderer::antialiasing, true);
    renderer.set_render_hint(poppler::page_renderer::text_antialiasing, true);
    renderer.set_image_format(poppler::image::format_rgb24);
    const poppler::image image = renderer.render_page(page.get(), dpi, dpi);
    if (!image.is_valid() || image.format() != poppler::image::format_rgb24)
        return result;
    result.width = image.width();
    result.height = image.height();
    const auto rowBytes = static_cast<size_t>(image.width()) * 3;
    result.rgb.resize(rowBytes * static_cast<size_t>(image.height()));
    for (int y = 0; y < image.height(); ++y)
        std::copy_n(image.const_data() + static_cast<ptrdiff_t>(y) * image.bytes_per_row(), rowBytes,
                    reinterpret_cast<char*>(result.rgb.data()) + static_cast<size_t>(y) * rowBytes);
    return result;
}

} // namespace sy::documents
