// SPDX-License-Identifier: GPL-3.0-or-later
// What the helper can no longer do once it is locked down. Each attempt runs in a child process of its own.
#include "engine/documents/sandbox.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace sy::documents;

namespace {

// The attempt's exit status in a locked down child, or minus the signal that ended it.
int inChild(const std::function<int()>& attempt)
{
    const pid_t pid = fork();
    if (pid == 0) {
        lockDown(256 << 20);
        _exit(attempt());
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

} // namespace

class SandboxTest : public QObject {
    Q_OBJECT
private slots:
    void thereIsNoNetwork()
    {
        QCOMPARE(inChild([] { return socket(AF_INET, SOCK_STREAM, 0) < 0 ? 0 : 1; }), 0);
        QCOMPARE(inChild([] { return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? 0 : 1; }), 0);
    }

    void nothingIsWritten()
    {
        QTemporaryDir folder;
        const std::string path = folder.path().toStdString() + "/file", kept = folder.path().toStdString() + "/kept";
        close(open(kept.c_str(), O_CREAT | O_WRONLY, 0600));
        QCOMPARE(inChild([&] { return open(path.c_str(), O_CREAT | O_WRONLY, 0600) < 0 ? 0 : 1; }), 0);
        QCOMPARE(inChild([&] { return open(kept.c_str(), O_RDWR) < 0 ? 0 : 1; }), 0);
        QCOMPARE(inChild([&] { return unlink(kept.c_str()) < 0 ? 0 : 1; }), 0);
        QCOMPARE(inChild([&] { return open(kept.c_str(), O_RDONLY) >= 0 ? 0 : 1; }), 0); // reading is what it is for
        QVERIFY(!QFile::exists(QString::fromStdString(path)) && QFile::exists(QString::fromStdString(kept)));
    }

    void noProgramIsStarted()
    {
        QCOMPARE(inChild([] {
                     execl("/bin/true", "true", nullptr);
                     return errno == EPERM ? 7 : 1;
                 }),
                 7);
    }

    void memoryHasALimit()
    {
#if defined(__SANITIZE_ADDRESS__)
        QSKIP("AddressSanitizer needs the address space that this test takes away");
#endif
        QCOMPARE(inChild([] {
                     void* small = malloc(64 << 20);
                     void* large = malloc(400 << 20);
                     return small != nullptr && large == nullptr ? 0 : 1;
                 }),
                 0);
    }

    void computingForeverEnds()
    {
        QCOMPARE(inChild([] {
                     sy::documents::startTimer(0); // rounded up to a second
                     for (volatile bool goesOn = true; goesOn;) {
                     }
                     return 0;
                 }),
                 -SIGXCPU);
    }

    void theTimerMovesOnWithEveryFile()
    {
        QCOMPARE(inChild([] {
                     sy::documents::startTimer(0);
                     sy::documents::startTimer(1000);
                     rlimit limit{};
                     getrlimit(RLIMIT_CPU, &limit);
                     return limit.rlim_cur >= 1000 ? 0 : 1;
                 }),
                 0);
    }
};

QTEST_GUILESS_MAIN(SandboxTest)
#include "tst_sandbox.moc"
