// SPDX-License-Identifier: GPL-3.0-or-later
// A helper that a hostile file has taken over. What it does is the name of the file that it is asked to read.
#include "engine/documents/pipe.h"

#include <csignal>
#include <cstdint>
#include <string>
#include <thread>
#include <unistd.h>

using namespace sy::documents;

namespace {

const std::string kDone = R"({"done":true,"title":"t","markup":0,"outcome":0,"message":"","mediaType":"","charset":""})";
const std::string kPage = R"({"number":1,"label":"","width":0,"height":0,"headings":[]})";

void behave(const std::string& what)
{
    if (what == "crash")
        raise(SIGSEGV);
    if (what == "exit")
        _exit(0);
    if (what == "hang")
        std::this_thread::sleep_for(std::chrono::hours(1));
    if (what == "closeAndLive") {
        close(STDOUT_FILENO);
        std::this_thread::sleep_for(std::chrono::hours(1));
    }
    if (what == "garbage") {
        const std::string garbage(4096, '\xa5');
        (void)!write(STDOUT_FILENO, garbage.data(), garbage.size());
    }
    if (what == "hugeLength") {
        const char header[9] = {'J', '\xff', '\xff', '\xff', '\xff', '\xff', '\xff', '\xff', '\x7f'};
        (void)!write(STDOUT_FILENO, header, sizeof header);
    }
    if (what == "notJson")
        writeFrame(STDOUT_FILENO, 'J', "{\"done\":");
    if (what == "wrongTypes")
        writeFrame(STDOUT_FILENO, 'J', R"({"done":true,"title":7,"markup":"x"})");
    if (what == "textWithoutPage")
        writeFrame(STDOUT_FILENO, 'B', "text");
    if (what == "endlessPages")
        for (int i = 0; i < 1'000'000; ++i)
            if (!writeFrame(STDOUT_FILENO, 'J', kPage) || !writeFrame(STDOUT_FILENO, 'B', "x"))
                break;
    if (what == "oddEnums")
        writeFrame(STDOUT_FILENO, 'J',
                   R"({"done":true,"title":"t","markup":-9,"outcome":99,"message":"","mediaType":"","charset":""})");
    if (what == "badUtf8") {
        writeFrame(STDOUT_FILENO, 'J', kPage);
        writeFrame(STDOUT_FILENO, 'B', "a\xff\xfe");
        writeFrame(STDOUT_FILENO, 'J', kDone);
    }
    if (what == "wrongImage") {
        writeFrame(STDOUT_FILENO, 'J', R"({"width":1000,"height":1000})");
        writeFrame(STDOUT_FILENO, 'B', "tiny");
    }
}

} // namespace

int main()
{
    readFrame(STDIN_FILENO, 1 << 20); // limits
    readFrame(STDIN_FILENO, 1 << 20);
    while (readFrame(STDIN_FILENO, 1 << 20)) {
        const auto path = readFrame(STDIN_FILENO, 1 << 20);
        if (!path)
            break;
        behave(path->bytes.substr(path->bytes.rfind('/') + 1));
    }
    return 0;
}
