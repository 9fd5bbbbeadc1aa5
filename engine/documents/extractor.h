// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::documents {

/// The hidden first argument with which the program starts itself as the reading helper.
inline constexpr char kReaderHelperArgument[] = "--reader-helper";

/// What the helper process may use for one file. Going over a limit ends the helper, never the program.
struct HelperLimits {
    std::chrono::milliseconds wallTime{60'000}; // and as much CPU time
    int64_t memoryBytes = 512LL << 20;          // address space on top of what the helper has mapped when it starts
    int filesPerHelper = 200;                   // then a fresh helper is started
    ReadLimits read;
};

/// Reads documents in a helper process, so that a hostile or broken file costs one error status and nothing else. The helper
/// is started on first use, serves many files, and is replaced after a crash, a time-out or filesPerHelper files.
///
/// One call at a time for each Extractor; threads that read in parallel have one each. The destructor ends the helper.
class Extractor {
public:
    /// helperExecutable   started as `helperExecutable --reader-helper`; it must call readerHelperMain (reader_helper.h).
    explicit Extractor(std::string helperExecutable, HelperLimits limits = {});
    ~Extractor();
    Extractor(const Extractor&) = delete;
    Extractor& operator=(const Extractor&) = delete;

    /// Never throws for what a file contains: that is Document::outcome and message. A missing or unreadable file is
    /// Outcome::Error too. Throws Cancelled when stop is requested (the helper is ended at once), StorageFailure when the
    /// helper cannot be started.
    Document extract(const std::string& path, const std::string& password = {}, std::stop_token stop = {});

    /// One page (from 1) of a paged format as an image; empty when it cannot be drawn or the format has no pages.
    /// dpi is 10 to 600; pages are limited to 24 million pixels by lowering it. Throws as extract does.
    PageImage renderPage(const std::string& path, int page, double dpi, const std::string& password = {},
                         std::stop_token stop = {});

    /// Where the code points [start, end) of a page's text lie on the page: one box a line, in points, top to bottom as
    /// read. Empty when the format has no pages, or the file has no such page or span. Throws as extract does.
    std::vector<Rect> boxesOfSpan(const std::string& path, int page, int64_t start, int64_t end,
                                  const std::string& password = {}, std::stop_token stop = {});

private:
    class Helper;
    template <typename Reset, typename Take>
    std::optional<std::string> request(const std::string& path, const std::string& requestJson, const std::stop_token& stop,
                                       Reset reset, Take take);
    template <typename Take>
    std::optional<std::string> exchange(const std::string& path, const std::string& requestJson, const std::stop_token& stop,
                                        Take& take, bool& isTimeOut);
    bool startHelper(const std::stop_token& stop); // true when it is a fresh one
    std::string requestText(const char* what, const std::string& password) const;

    std::unique_ptr<Helper> m_helper;
    std::string m_helperExecutable;
    HelperLimits m_limits;
};

} // namespace sy::documents
