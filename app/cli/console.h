// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace sy::app {

/// Where a command's words go: results to stdout, everything else to stderr. With --json, stdout carries JSON and nothing else.
class Console {
public:
    Console(bool isJson, bool isQuiet);

    bool isJson() const { return m_isJson; }
    bool isQuiet() const { return m_isQuiet; }

    void print(std::string_view text) const;     // to stdout as it is, flushed
    void printLine(std::string_view text) const; // with a line end
    /// One line of JSON, flushed. Invalid UTF-8 becomes U+FFFD.
    void printJson(const nlohmann::ordered_json& value) const;

    void warn(const std::string& sentence); // to stderr, unless --quiet

    /// A line on stderr that overwrites the one before; shown only when stderr is a terminal, at most ten times a second.
    void progress(const std::string& text);
    /// A sentence on stderr for a log, when stderr is no terminal: "downloading 3 of 22". Not with --quiet.
    void step(const std::string& sentence);
    void endProgress(); // clears the progress line

private:
    bool m_isJson;
    bool m_isQuiet;
    bool m_isTerminal;
    bool m_hasProgress = false;
    double m_lastProgress = 0; // seconds of the steady clock
};

std::string sizeText(double bytes); // "1.1 GB", decimal units

} // namespace sy::app
