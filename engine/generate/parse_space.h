// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/grammar.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace sy::generate {

/// The ways in which texts can be read by a grammar, each found once. A frame is a state with its rule's count and the frame
/// to return to; frames form a tree, so that ways which differ in their last rule only share the rest. A parse is the set of
/// frames in which the next byte may be read. Memory grows with what has been read; not thread-safe.
class ParseSpace {
public:
    /// The grammar must outlive the space.
    explicit ParseSpace(const Grammar& grammar);

    static constexpr int32_t kDead = -1;  // parse: the text does not fit
    static constexpr int32_t kBottom = 0; // frame: the return of the first rule

    struct Frame {
        int32_t state;
        uint32_t count;
        int32_t parent; // frame
        bool operator==(const Frame&) const = default;
    };

    /// The parse before the first byte.
    int32_t begin();

    /// A parse of one frame, alone in the world: where it returns, isComplete() says so.
    int32_t only(int32_t state, uint32_t count);

    /// The parse after what `frame` was called for has ended; kDead for kBottom.
    int32_t returnTo(int32_t frame);

    /// One byte further. Throws Unsupported when a schema is so ambiguous that thousands of frames are open at once.
    int32_t step(int32_t parse, uint8_t byte);

    bool isComplete(int32_t parse) const
    {
        return parse >= 0 && m_parses[size_t(parse)].isComplete;
    } // the text may end here
    std::span<const int32_t> frames(int32_t parse) const { return m_parses[size_t(parse)].frames; }
    const Frame& frame(int32_t id) const { return m_frames[size_t(id)]; }
    size_t size() const { return m_parses.size(); }

    /// Forgets everything but one parse; returns its new name.
    int32_t restart(int32_t kept);

private:
    static constexpr int32_t kUnknown = -2;
    struct Parse {
        std::vector<int32_t> frames; // rising
        bool isComplete;
        std::unique_ptr<std::array<int32_t, 256>> next; // as far as known
    };
    struct FrameHash {
        size_t operator()(const Frame& f) const noexcept;
    };

    int32_t internFrame(const Frame& frame);
    int32_t internOpen(); // m_open as a parse
    void open(Frame frame);
    bool mayGo(const Grammar::Edge& edge, uint32_t& count) const;

    const Grammar& m_grammar;
    std::vector<Frame> m_frames;
    std::unordered_map<Frame, int32_t, FrameHash> m_frameIds;
    std::vector<Parse> m_parses;
    std::unordered_multimap<size_t, int32_t> m_parseIds; // by hash

    // Of the parse that is being put together.
    std::vector<int32_t> m_open;
    bool m_isComplete = false;
    std::vector<Frame> m_todo;
    std::unordered_map<Frame, bool, FrameHash> m_seen;
};

} // namespace sy::generate
