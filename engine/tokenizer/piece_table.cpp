// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/piece_table.h"

#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace sy::tokenizer {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr uint64_t kMultiplier1 = 0x9E3779B97F4A7C15, kMultiplier2 = 0xD6E8FEB86659FD93;

uint64_t folded(uint64_t a, uint64_t b)
{
    const Wide product = Wide(a) * b;
    return uint64_t(product) ^ uint64_t(product >> 64);
}

template <typename T>
uint64_t load(const char* p)
{
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

} // namespace

// Most pieces are shorter than 16 bytes: those take two overlapping loads and two multiplications.
uint64_t hashBytes(std::string_view bytes)
{
    const char* p = bytes.data();
    size_t n = bytes.size();
    uint64_t h = n * kMultiplier2;
    while (n > 16) {
        h = folded(h ^ load<uint64_t>(p), kMultiplier1);
        p += 8;
        n -= 8;
    }
    uint64_t a = 0, b = 0;
    if (n >= 8) {
        a = load<uint64_t>(p);
        b = load<uint64_t>(p + n - 8);
    } else if (n >= 4) {
        a = load<uint32_t>(p);
        b = load<uint32_t>(p + n - 4);
    } else if (n > 0) {
        a = uint64_t(uint8_t(p[0])) << 16 | uint64_t(uint8_t(p[n / 2])) << 8 | uint8_t(p[n - 1]);
    }
    return folded(folded(h ^ a, kMultiplier1) ^ b, kMultiplier2);
}

void PieceList::reserve(size_t nPieces, size_t nBytes)
{
    m_ends.reserve(nPieces);
    m_bytes.reserve(nBytes);
}

void PieceList::add(std::string_view piece)
{
    if (piece.size() > std::numeric_limits<uint32_t>::max() - m_bytes.size())
        throw std::length_error("a vocabulary of more than 4 GiB");
    m_bytes += piece;
    m_ends.push_back(uint32_t(m_bytes.size()));
}

PieceIndex::PieceIndex(const PieceList& pieces, size_t nExpected) : m_pieces(&pieces)
{
    const size_t nSlots = std::bit_ceil(nExpected + nExpected / 2 + 8);
    m_slots.assign(nSlots, {0, -1});
    m_mask = nSlots - 1;
}

bool PieceIndex::insert(int32_t i)
{
    if ((m_nUsed + 1) * 4 > m_slots.size() * 3)
        grow();
    const std::string_view piece = (*m_pieces)[i];
    const uint64_t h = hashBytes(piece);
    const auto tag = uint32_t(h >> 32);
    for (uint64_t at = h & m_mask;; at = (at + 1) & m_mask) {
        Slot& slot = m_slots[at];
        if (slot.number < 0) {
            slot = {tag, i};
            ++m_nUsed;
            return true;
        }
        if (slot.tag == tag && (*m_pieces)[slot.number] == piece)
            return false;
    }
}

int32_t PieceIndex::find(std::string_view piece) const
{
    const uint64_t h = hashBytes(piece);
    const auto tag = uint32_t(h >> 32);
    for (uint64_t at = h & m_mask;; at = (at + 1) & m_mask) {
        const Slot& slot = m_slots[at];
        if (slot.number < 0)
            return -1;
        if (slot.tag == tag && (*m_pieces)[slot.number] == piece)
            return slot.number;
    }
}

void PieceIndex::grow()
{
    const std::vector<Slot> old = std::move(m_slots);
    m_slots.assign(old.size() * 2, {0, -1});
    m_mask = m_slots.size() - 1;
    for (const Slot& slot : old) {
        if (slot.number < 0)
            continue;
        uint64_t at = hashBytes((*m_pieces)[slot.number]) & m_mask;
        while (m_slots[at].number >= 0)
            at = (at + 1) & m_mask;
        m_slots[at] = slot;
    }
}

} // namespace sy::tokenizer
