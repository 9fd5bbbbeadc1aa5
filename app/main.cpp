// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/cli.h"
#include "app/window.h"
#include "engine/api/reader_helper.h"

#include <csignal>
#include <string_view>

int main(int argc, char** argv)
{
    if (argc > 1 && std::string_view(argv[1]) == sy::api::kReaderHelperArgument) {
        std::signal(SIGINT, SIG_IGN); // Ctrl-C goes to the whole group; the program that started us decides when we end
        return sy::api::runReaderHelper();
    }
    sy::app::WindowStart window;
    if (const auto status = sy::app::runCli(argc, argv, window))
        return *status;
    return sy::app::runWindow(argc, argv, window);
}
