// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/extractor.h"
#include "engine/documents/reader_helper.h"

#include <string_view>
#include <unistd.h>

int main(int argc, char** argv)
{
    if (argc == 2 && std::string_view(argv[1]) == sy::documents::kReaderHelperArgument)
        return sy::documents::readerHelperMain(STDIN_FILENO, STDOUT_FILENO);
    return 2;
}
