// SPDX-License-Identifier: GPL-3.0-or-later
// The process that opens files from strangers. It has no way to harm: no network, no new programs, nothing written, little
// memory, little time. What it may do is read the one file that it is asked about and answer.
#include "engine/documents/reader_helper.h"

#include "engine/documents/format_table.h"
#include "engine/documents/pipe.h"
#include "engine/documents/sandbox.h"

#include <exception>
#include <fcntl.h>
#include <new>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace sy::documents {
namespace {

constexpr uint64_t kMaxRequestBytes = 1 << 20;

using Json = nlohmann::json;

class Helper {
public:
    Helper(int in, int out) : m_in(in), m_out(out) {}

    int run()
    {
        while (auto frame = readFrame(m_in, kMaxRequestBytes)) {
            const Json request = Json::parse(frame->bytes, nullptr, false);
            const auto path = readFrame(m_in, kMaxRequestBytes);
            if (!request.is_object() || !path || !answer(request, path->bytes))
                return 1;
        }
        return 0; // the program closed the pipe
    }

private:
    bool send(const Json& json) { return writeFrame(m_out, 'J', json.dump(-1, ' ', false, Json::error_handler_t::replace)); }
    bool sendBytes(std::string_view bytes) { return writeFrame(m_out, 'B', bytes); }

    // Out of memory is told as such and ends the process: its heap is not to be trusted with the next file.
    bool answer(const Json& request, const std::string& path)
    {
        try {
            startTimer(request.value("seconds", 60));
            const std::string what = request.value("do", "");
            const std::string password = request.value("password", "");
            if (what == "extract")
                return extract(path, password, request);
            if (what == "render")
                return render(path, password, request);
            if (what == "boxes")
                return boxes(path, password, request);
            return false;
        } catch (const std::bad_alloc&) {
            send({{"failed", "memory"}});
            return false;
        } catch (const std::exception& error) {
            send({{"failed", error.what()}});
            return false;
        }
    }

    bool extract(const std::string& path, const std::string& password, const Json& request)
    {
        ReadLimits limits;
        limits.maxPages = request.value("maxPages", limits.maxPages);
        limits.maxTextBytes = request.value("maxTextBytes", limits.maxTextBytes);
        limits.maxFileBytes = request.value("maxFileBytes", limits.maxFileBytes);
        const Document document = readDocument(path, password, limits);
        for (const Page& page : document.pages) {
            Json headings = Json::array();
            for (const Heading& heading : page.headings)
                headings.push_back({heading.start, heading.end, heading.level});
            if (!send({{"number", page.number},
                       {"label", page.label},
                       {"width", page.width},
                       {"height", page.height},
                       {"headings", std::move(headings)}}) ||
                !sendBytes(page.text))
                return false;
        }
        return send({{"done", true},
                     {"title", document.title},
                     {"markup", static_cast<int>(document.markup)},
                     {"outcome", static_cast<int>(document.outcome)},
                     {"message", document.message},
                     {"mediaType", document.mediaType},
                     {"charset", document.charset}});
    }

    static const Format* pagedFormat(const std::string& path)
    {
        const Format* format = formatOfPath(path);
        return format != nullptr && format->hasPages ? format : nullptr;
    }

    bool render(const std::string& path, const std::string& password, const Json& request)
    {
        PageImage image;
        if (const Format* format = pagedFormat(path))
            image = format->renderPage(path, password, request.value("page", 0), request.value("dpi", 96.0));
        return send({{"done", true}, {"width", image.width}, {"height", image.height}}) &&
               sendBytes({reinterpret_cast<const char*>(image.rgb.data()), image.rgb.size()});
    }

    bool boxes(const std::string& path, const std::string& password, const Json& request)
    {
        Json list = Json::array();
        if (const Format* format = pagedFormat(path))
            for (const Rect& box : format->boxesOfSpan(path, password, request.value("page", 0),
                                                       request.value("start", int64_t{0}), request.value("end", int64_t{0})))
                list.push_back({box.left, box.top, box.right, box.bottom});
        return send({{"done", true}, {"boxes", std::move(list)}});
    }

    int m_in;
    int m_out;
};

} // namespace

int readerHelperMain(int in, int out)
{
    // The answer pipe moves out of the way of anything that prints to standard output.
    const int answers = fcntl(out, F_DUPFD_CLOEXEC, 10);
    const int requests = fcntl(in, F_DUPFD_CLOEXEC, 10);
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (answers < 0 || requests < 0 || nowhere < 0)
        return 1;
    for (int fd = 0; fd <= 2; ++fd)
        dup2(nowhere, fd);
    // The first frame carries the limits that hold for the helper's whole life.
    const auto first = readFrame(requests, kMaxRequestBytes);
    if (!first || !readFrame(requests, kMaxRequestBytes))
        return 0;
    const Json limits = Json::parse(first->bytes, nullptr, false);
    if (!limits.is_object())
        return 1;
    lockDown(limits.value("memoryBytes", int64_t{512} << 20));
    return Helper(requests, answers).run();
}

} // namespace sy::documents
