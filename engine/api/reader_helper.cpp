// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/reader_helper.h"

#include "engine/documents/extractor.h"
#include "engine/documents/reader_helper.h"

#include <string_view>
#include <unistd.h>

namespace sy::api {

static_assert(std::string_view(kReaderHelperArgument) == documents::kReaderHelperArgument);

int runReaderHelper()
{
    return documents::readerHelperMain(STDIN_FILENO, STDOUT_FILENO);
}

} // namespace sy::api
