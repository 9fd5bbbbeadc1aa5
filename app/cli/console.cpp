// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/console.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <unistd.h>

namespace sy::app {

Console::Console(bool isJson, bool isQuiet) : m_isJson(isJson), m_isQuiet(isQuiet), m_isTerminal(::isatty(STDERR_FILENO) == 1) {}

void Console::print(std::string_view text) const
{
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void Console::printLine(std::string_view text) const
{
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

void Console::printJson(const nlohmann::ordered_json& value) const
{
    printLine(value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void Console::warn(const std::string& sentence)
{
    if (m_isQuiet)
        return;
    endProgress();
    std::fprintf(stderr, "switchyard: %s\n", sentence.c_str());
}

void Console::progress(const std::string& text)
{
    if (m_isQuiet || !m_isTerminal)
        return;
    const double now = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    if (now - m_lastProgress < 0.1)
        return;
    m_lastProgress = now;
    m_hasProgress = true;
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    std::fflush(stderr);
}

void Console::step(const std::string& sentence)
{
    if (!m_isQuiet && !m_isTerminal)
        std::fprintf(stderr, "switchyard: %s\n", sentence.c_str());
}

void Console::endProgress()
{
    if (!m_hasProgress)
        return;
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
    m_hasProgress = false;
}

std::string sizeText(double bytes)
{
    constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < std::size(kUnits)) {
        bytes /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
    return text;
}

} // namespace sy::app
