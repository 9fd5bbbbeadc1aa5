// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdio>
#include <fstream>
#include <optional>
#include <stop_token>
#include <string>

namespace sy::app {

/// The whole of a file, or of stdin for "-". Throws StorageFailure.
std::string readWhole(const std::string& file);

/// Lines of a file, or of stdin for "-", without their ends (LF or CR LF).
class LineReader {
public:
    /// Throws StorageFailure when the file cannot be opened.
    explicit LineReader(const std::string& file = "-");
    ~LineReader();
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;

    /// Empty at the end, or when a stop was asked for while waiting. Throws StorageFailure.
    std::optional<std::string> next(std::stop_token stop = {});

    /// Whether next() would return at once: what lets a batch be formed without keeping a partner at the other end waiting.
    bool hasMore() const;

private:
    int m_fd;
    bool m_isEnded = false;
    std::string m_name;
    std::string m_buffer;
};

/// Bytes to a file that takes its name only when commit() is reached, or to stdout for "-".
class OutputFile {
public:
    explicit OutputFile(const std::string& file); // throws StorageFailure, like the following
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    void write(const void* bytes, size_t nBytes);
    void commit();
    bool isStdout() const { return m_name == "-"; }

private:
    [[noreturn]] void fail() const;

    std::string m_name;
    std::string m_sibling;
    FILE* m_file = nullptr;
};

} // namespace sy::app
