#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "isolate/sandbox.h"

namespace wetgate::isolate {
namespace {

#if defined(__x86_64__)
constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
#error "the system call filter knows x86-64 and ARM64"
#endif

// What a decoder has no use for: the network, other programs and processes, and parts of the kernel that have
// been ways out of it. Everything else, whatever a library needs, goes on working.
constexpr int refused[] = {
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_execve,
    SYS_execveat,
    SYS_kill,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    SYS_pidfd_getfd,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_kcmp,
    SYS_io_uring_setup,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsmount,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_open_by_handle_at,
    SYS_quotactl,
    SYS_swapon,
    SYS_swapoff,
    SYS_sethostname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_acct,
    SYS_personality,
    // changes of files that RLIMIT_FSIZE allows, for kernels without Landlock
    SYS_unlinkat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_truncate,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
    SYS_unlink,
    SYS_rmdir,
    SYS_rename,
    SYS_renameat,
    SYS_link,
    SYS_symlink,
    SYS_mkdir,
    SYS_mknod,
    SYS_creat,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
#endif
};

constexpr std::uint32_t refuse(int error) {
    return SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA);
}

sock_filter statement(unsigned code, std::uint32_t value) {
    return {static_cast<std::uint16_t>(code), 0, 0, value};
}
// The next statement where the loaded number is `value`, else the one after it.
sock_filter only_if(std::uint32_t value) {
    return {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value};
}
sock_filter result(std::uint32_t value) {
    return statement(BPF_RET | BPF_K, value);
}
sock_filter load(std::size_t offset) {
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

std::vector<sock_filter> program() {
    std::vector<sock_filter> code;
    const auto add = [&code](std::initializer_list<sock_filter> more) {
        code.insert(code.end(), more.begin(), more.end());
    };
    add({load(offsetof(seccomp_data, arch)),
         {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, architecture},
         result(SECCOMP_RET_KILL_PROCESS),
         load(offsetof(seccomp_data, nr))});
#if defined(__x86_64__)
    constexpr std::uint32_t x32 = 0x40000000U;  // the same calls under other numbers
    add({{BPF_JMP | BPF_JGE | BPF_K, 0, 1, x32}, result(SECCOMP_RET_KILL_PROCESS)});
#endif
    for (const int number : refused)
        add({only_if(static_cast<std::uint32_t>(number)), result(refuse(EPERM))});
    // abort() and raise() signal the process itself; by SIGKILL it would look as if killed from outside.
    const auto own = static_cast<std::uint32_t>(::getpid());
    add({{BPF_JMP | BPF_JEQ | BPF_K, 0, 7, SYS_tgkill},
         load(offsetof(seccomp_data, args[0])),
         {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, own},
         result(refuse(EPERM)),
         load(offsetof(seccomp_data, args[2])),
         only_if(SIGKILL),
         result(refuse(EPERM)),
         result(SECCOMP_RET_ALLOW)});
    // Limits of its own alone.
    add({{BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_prlimit64},
         load(offsetof(seccomp_data, args[0])),
         {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0},
         result(refuse(EPERM)),
         result(SECCOMP_RET_ALLOW)});
    // A filter cannot look at what clone3 is given; without it the C library makes its threads by clone.
    add({only_if(SYS_clone3), result(refuse(ENOSYS))});
    // clone makes threads, and nothing else.
    add({{BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_clone},
         load(offsetof(seccomp_data, args[0])),
         {BPF_JMP | BPF_JSET | BPF_K, 1, 0, CLONE_THREAD},
         result(refuse(EPERM)),
         result(SECCOMP_RET_ALLOW)});
    return code;
}

}  // namespace

bool filter_system_calls() {
    std::vector<sock_filter> code = program();
    const sock_fprog filter{static_cast<unsigned short>(code.size()), code.data()};
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace wetgate::isolate
