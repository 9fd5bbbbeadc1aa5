// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/sandbox.h"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <fstream>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace sy::documents {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kHasShadowMemory = true; // AddressSanitizer maps terabytes
#else
constexpr bool kHasShadowMemory = false;
#endif

void limit(int resource, rlim_t value)
{
    const rlimit both{value, value};
    setrlimit(static_cast<__rlimit_resource_t>(resource), &both);
}

int64_t mappedBytes()
{
    std::ifstream statm("/proc/self/statm");
    int64_t nPages = 0;
    statm >> nPages;
    return nPages * sysconf(_SC_PAGESIZE);
}

// A filter of system calls: the listed ones fail with "not permitted", the rest go on.
void forbidCalls()
{
#if defined(__x86_64__)
    constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
    constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
    constexpr uint32_t kArchitecture = 0;
#endif
    static constexpr uint32_t kForbidden[] = {
        SYS_socket,
        SYS_socketpair,
        SYS_connect,
        SYS_bind,
        SYS_listen,
        SYS_sendto,
        SYS_sendmsg,
        SYS_execve,
        SYS_execveat,
        SYS_ptrace,
        SYS_kill,
        SYS_unlinkat,
        SYS_mkdirat,
        SYS_linkat,
        SYS_mount,
        SYS_fchmodat,
        SYS_fchownat,
        SYS_symlinkat,
        SYS_setns,
        SYS_unshare,
        SYS_renameat2,
        SYS_truncate,
        SYS_openat2,
#if defined(__x86_64__) // the older forms of the same
        SYS_unlink,
        SYS_rename,
        SYS_renameat,
        SYS_mkdir,
        SYS_rmdir,
        SYS_link,
        SYS_symlink,
        SYS_chmod,
        SYS_chown,
        SYS_creat,
        SYS_open,
        SYS_fork,
        SYS_vfork,
#endif
    };
    if (kArchitecture == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return;
    std::vector<sock_filter> code{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), // the 32-bit interface has other numbers
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    };
    for (const uint32_t call : kForbidden) {
        code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
        code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    }
    // Opening is for reading only. The flags are the third argument; their low half is all there is.
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3));
    code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])));
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 0, 1));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

} // namespace

void lockDown(int64_t memoryBytes)
{
    std::signal(SIGXFSZ, SIG_IGN); // a write to a file fails instead of ending the process
    std::signal(SIGPIPE, SIG_IGN);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    if (!kHasShadowMemory && memoryBytes > 0)
        limit(RLIMIT_AS, static_cast<rlim_t>(mappedBytes() + memoryBytes));
    forbidCalls();
}

void startTimer(int seconds)
{
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    rlimit now{};
    getrlimit(RLIMIT_CPU, &now);
    now.rlim_cur = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec + seconds + 1);
    setrlimit(RLIMIT_CPU, &now); // only the soft limit: it moves on with every file
}

} // namespace sy::documents
