// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/packed_batch.h"
#include "engine/train/record_file.h"
#include "engine/train/spool_file.h"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace sy::train {

/// Texts to learn from, in files: any number of them takes the same memory. They are read again each time they are asked
/// for, by one thread at a time.
class TextStore {
public:
    /// folder: see SpoolFile.
    explicit TextStore(const std::filesystem::path& folder = {});

    /// Throws StorageFailure; std::invalid_argument for a mask of another length, and for negative tokens.
    void add(const TrainingText& text);
    /// The i-th text of another store, without a copy of its tokens. All texts of a store are added this way, from one
    /// other, or none.
    void addFrom(const TextStore& other, size_t i);

    size_t size() const { return m_index.size(); }
    bool empty() const { return size() == 0; }
    int64_t nTokens() const { return m_nTokens; } // of all

    struct Length {
        int64_t nTokens = 0;
        int64_t nLabels = 0;
    };
    Length length(size_t i) const; // without reading the text
    TrainingText operator[](size_t i) const;

    class Iterator {
    public:
        Iterator(const TextStore& store, size_t i) : m_store(&store), m_i(i) {}
        TrainingText operator*() const { return (*m_store)[m_i]; }
        Iterator& operator++()
        {
            ++m_i;
            return *this;
        }
        bool operator==(const Iterator& other) const { return m_i == other.m_i; }

    private:
        const TextStore* m_store;
        size_t m_i;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size()}; }

private:
    // What m_index holds of each.
    struct Entry {
        uint64_t offset = 0; // in m_texts
        uint32_t nTokens = 0;
        uint32_t nLabels = 0;
    };
    void addEntry(const Entry& entry);

    std::shared_ptr<SpoolFile> m_texts; // a token a 32-bit number, its top bit set where it is trained
    RecordFile<Entry> m_index;
    int64_t m_nTokens = 0;
};

} // namespace sy::train
