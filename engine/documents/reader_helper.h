// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sy::documents {

/// The helper process' main function: answers requests from the pipe `in` on the pipe `out` until `in` is closed, then
/// returns the exit status. main() calls it first of all, before Qt exists:
///
///     if (argc == 2 && std::string_view(argv[1]) == sy::documents::kReaderHelperArgument)
///         return sy::documents::readerHelperMain(STDIN_FILENO, STDOUT_FILENO);
int readerHelperMain(int in, int out);

} // namespace sy::documents
