// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/parse_space.h"

#include "engine/core/error.h"

#include <algorithm>
#include <utility>

namespace sy::generate {

namespace {

using EdgeKind = Grammar::EdgeKind;
using Counting = Grammar::Counting;

constexpr size_t kMostFrames = 20'000;

size_t mix(size_t h, uint64_t value) noexcept
{
    h = (h ^ value) * 0x9E3779B97F4A7C15;
    return h ^ (h >> 29);
}

} // namespace

size_t ParseSpace::FrameHash::operator()(const Frame& f) const noexcept
{
    return mix(mix(mix(0, uint32_t(f.state)), f.count), uint32_t(f.parent));
}

ParseSpace::ParseSpace(const Grammar& grammar) : m_grammar(grammar)
{
    m_frames.push_back({-1, 0, -1}); // kBottom
}

int32_t ParseSpace::internFrame(const Frame& frame)
{
    const auto [at, isNew] = m_frameIds.try_emplace(frame, int32_t(m_frames.size()));
    if (isNew)
        m_frames.push_back(frame);
    return at->second;
}

bool ParseSpace::mayGo(const Grammar::Edge& edge, uint32_t& count) const
{
    if (edge.counting == Counting::none)
        return true;
    const Grammar::Rule& rule = m_grammar.rules[size_t(m_grammar.states[size_t(edge.target)].rule)];
    if (edge.counting == Counting::enough)
        return count >= rule.least;
    if (count >= rule.most)
        return false;
    count = std::min(count + 1, rule.most == Grammar::kUnlimited ? rule.least : rule.most);
    return true;
}

// Adds the frames in which a byte can be read, reached from `frame` without one.
void ParseSpace::open(Frame frame)
{
    m_todo.push_back(frame);
    while (!m_todo.empty()) {
        frame = m_todo.back();
        m_todo.pop_back();
        if (!m_seen.try_emplace(frame, true).second)
            continue;
        if (m_seen.size() > kMostFrames)
            throw Unsupported("this JSON schema",
                              "it leaves too many ways open at once; fewer alternatives that begin alike would help");
        const Grammar::State& state = m_grammar.states[size_t(frame.state)];
        bool reads = false;
        for (const Grammar::Edge& edge : state.edges) {
            reads |= edge.kind == EdgeKind::bytes;
            uint32_t count = frame.count;
            if (edge.kind == EdgeKind::bytes || !mayGo(edge, count))
                continue;
            if (edge.kind == EdgeKind::empty) {
                m_todo.push_back({edge.target, count, frame.parent});
                continue;
            }
            const int32_t parent =
                m_grammar.isBareEnd(edge.target) ? frame.parent : internFrame({edge.target, count, frame.parent});
            m_todo.push_back({m_grammar.rules[size_t(edge.rule)].start, 0, parent});
        }
        if (reads)
            m_open.push_back(internFrame(frame));
        if (!state.isEnd)
            continue;
        if (frame.parent == kBottom)
            m_isComplete = true;
        else
            m_todo.push_back(m_frames[size_t(frame.parent)]);
    }
}

int32_t ParseSpace::internOpen()
{
    m_seen.clear();
    std::vector<int32_t> frames = std::exchange(m_open, {});
    const bool isComplete = std::exchange(m_isComplete, false);
    if (frames.empty() && !isComplete)
        return kDead;
    std::sort(frames.begin(), frames.end());
    frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
    size_t hash = isComplete;
    for (const int32_t frame : frames)
        hash = mix(hash, uint32_t(frame));
    const auto [first, last] = m_parseIds.equal_range(hash);
    for (auto at = first; at != last; ++at) {
        const Parse& known = m_parses[size_t(at->second)];
        if (known.isComplete == isComplete && known.frames == frames)
            return at->second;
    }
    const auto id = int32_t(m_parses.size());
    m_parses.push_back({std::move(frames), isComplete, nullptr});
    m_parseIds.emplace(hash, id);
    return id;
}

int32_t ParseSpace::begin()
{
    open({m_grammar.rules[size_t(m_grammar.root)].start, 0, kBottom});
    return internOpen();
}

int32_t ParseSpace::only(int32_t state, uint32_t count)
{
    open({state, count, kBottom});
    return internOpen();
}

int32_t ParseSpace::returnTo(int32_t frame)
{
    if (frame == kBottom)
        return kDead;
    open(m_frames[size_t(frame)]);
    return internOpen();
}

int32_t ParseSpace::step(int32_t parse, uint8_t byte)
{
    if (parse == kDead)
        return kDead;
    auto& next = m_parses[size_t(parse)].next;
    if (!next) {
        next = std::make_unique<std::array<int32_t, 256>>();
        next->fill(kUnknown);
    }
    if ((*next)[byte] != kUnknown)
        return (*next)[byte];
    for (size_t i = 0; i < m_parses[size_t(parse)].frames.size(); ++i) {
        const Frame frame = m_frames[size_t(m_parses[size_t(parse)].frames[i])];
        for (const Grammar::Edge& edge : m_grammar.states[size_t(frame.state)].edges) {
            uint32_t count = frame.count;
            if (edge.kind == EdgeKind::bytes && byte >= edge.low && byte <= edge.high && mayGo(edge, count))
                open({edge.target, count, frame.parent});
        }
    }
    const int32_t result = internOpen();
    (*m_parses[size_t(parse)].next)[byte] = result;
    return result;
}

int32_t ParseSpace::restart(int32_t kept)
{
    ParseSpace fresh(m_grammar);
    std::unordered_map<int32_t, int32_t> names{{kBottom, kBottom}};
    std::vector<int32_t> chain;
    for (const int32_t frame : m_parses[size_t(kept)].frames) {
        for (int32_t f = frame; !names.contains(f); f = m_frames[size_t(f)].parent)
            chain.push_back(f);
        for (; !chain.empty(); chain.pop_back()) {
            Frame copy = m_frames[size_t(chain.back())];
            copy.parent = names.at(copy.parent);
            names[chain.back()] = fresh.internFrame(copy);
        }
        fresh.m_open.push_back(names.at(frame));
    }
    fresh.m_isComplete = m_parses[size_t(kept)].isComplete;
    const int32_t renamed = fresh.internOpen();
    m_frames = std::move(fresh.m_frames);
    m_frameIds = std::move(fresh.m_frameIds);
    m_parses = std::move(fresh.m_parses);
    m_parseIds = std::move(fresh.m_parseIds);
    return renamed;
}

} // namespace sy::generate
