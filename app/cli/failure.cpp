// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/failure.h"

#include "app/cli/console.h"
#include "engine/core/error.h"

namespace sy::app {

std::string remedyFor(const std::exception& error)
{
    if (const auto* e = dynamic_cast<const Failure*>(&error))
        return e->remedy;
    if (const auto* e = dynamic_cast<const OutOfMemory*>(&error))
        return "It needs " + sizeText(double(e->wantedBytes)) + " and " + sizeText(double(e->availableBytes)) +
               " are free: use a shorter --context or a smaller model, or close other programs.";
    if (dynamic_cast<const BadFile*>(&error))
        return "The file is damaged or of another kind: get it again, or choose another one.";
    if (dynamic_cast<const Unsupported*>(&error))
        return "Choose another file or option; `switchyard doctor` shows what this build and this machine can do.";
    if (dynamic_cast<const DeviceFailure*>(&error))
        return "Try again with --device cpu.";
    const auto* storage = dynamic_cast<const StorageFailure*>(&error);
    if (storage && storage->doing.starts_with("downloading"))
        return "Check the network connection, its certificates and the index that pip is set to (`pip config list`), "
               "then try again: what was downloaded is kept.";
    if (storage)
        return "Check that the path exists, that you may use it, and that the disk has room; --data chooses another data folder.";
    return "`switchyard COMMAND --help` shows what each option takes; `switchyard doctor` checks the installation.";
}

} // namespace sy::app
