// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::documents {

/// Takes from this process, for good, what reading a document does not need: address space beyond what is mapped now plus
/// memoryBytes, files written, core dumps, network sockets and starting programs. What the machine's kernel does not offer
/// is left out; the limits of memory and time hold everywhere.
void lockDown(int64_t memoryBytes);

/// From now on the process may compute for so many seconds more; then the kernel ends it.
void startTimer(int seconds);

} // namespace sy::documents
