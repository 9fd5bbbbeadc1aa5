// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/stop_strings.h"
#include "engine/tokenizer/tokenizer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sy::generate {

/// The text of an answer as its tokens arrive: whole characters only, and nothing of a stop string.
class TextStream {
public:
    /// The tokenizer must outlive the stream.
    TextStream(const tokenizer::Tokenizer& tokenizer, std::vector<std::string> stopStrings)
        : m_decoder(tokenizer), m_stops(std::move(stopStrings))
    {
    }

    std::string push(int32_t id) { return add(m_stops.push(m_decoder.push(id))); }

    /// What is still held back; call once, when no more tokens come.
    std::string finish()
    {
        std::string shown = m_stops.push(m_decoder.finish());
        shown += m_stops.finish();
        return add(std::move(shown));
    }

    bool isStopped() const { return m_stops.isFound(); }
    const std::string& text() const { return m_text; } // all that push and finish have returned

private:
    std::string add(std::string shown)
    {
        m_text += shown;
        return shown;
    }

    tokenizer::StreamDecoder m_decoder;
    StopStrings m_stops;
    std::string m_text;
};

} // namespace sy::generate
