"""Nothing in; a process that can open, start and reach nothing any more: what it holds open is all that it has.

On Linux (x86-64 and ARM64) the kernel itself refuses: a seccomp filter answers the system calls below with "permission
denied", for every thread and for ever. Elsewhere the limits of the decoding child hold without it.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

_NO_NEW_PRIVILEGES = 38  # prctl(2)
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_FILTER, _EVERY_THREAD = 1, 1  # seccomp(2); libraries start threads while they are imported
_KILL, _ERROR, _ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000  # what a filter answers, see seccomp(2)
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_CALL_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # offsets in seccomp_data; of the argument its low half
_NEW_THREAD = 0x0001_0000  # CLONE_THREAD
_FOREIGN_CALLS = 0x4000_0000  # the x32 numbers, another way to the same calls
_INSTRUCTION = struct.Struct("=HBBI")

# The numbers are the kernel's own and never change: first those of 2019 and later, the same on both architectures.
_COMMON = (
    "pidfd_send_signal=424 io_uring_setup=425 io_uring_enter=426 io_uring_register=427 open_tree=428 "
    "move_mount=429 fsopen=430 pidfd_open=434 openat2=437 pidfd_getfd=438 mount_setattr=442 fchmodat2=452"
)
_DENIED = {
    "x86_64": (
        "open=2 creat=85 openat=257 open_by_handle_at=304 truncate=76 socket=41 connect=42 accept=43 bind=49 "
        "listen=50 socketpair=53 accept4=288 fork=57 vfork=58 execve=59 execveat=322 kill=62 tkill=200 rename=82 "
        "mkdir=83 rmdir=84 link=86 unlink=87 symlink=88 chmod=90 chown=92 fchmod=91 fchown=93 lchown=94 mknod=133 "
        "mkdirat=258 mknodat=259 fchownat=260 unlinkat=263 renameat=264 linkat=265 symlinkat=266 fchmodat=268 "
        "renameat2=316 ptrace=101 process_vm_readv=310 process_vm_writev=311 pivot_root=155 chroot=161 mount=165 "
        "umount2=166 init_module=175 finit_module=313 add_key=248 request_key=249 keyctl=250 unshare=272 "
        "setns=308 perf_event_open=298 bpf=321 userfaultfd=323 shmget=29 msgget=68 mq_open=240"
    ),
    "aarch64": (
        "openat=56 open_by_handle_at=265 truncate=45 socket=198 socketpair=199 bind=200 listen=201 accept=202 "
        "connect=203 accept4=242 execve=221 execveat=281 kill=129 tkill=130 mknodat=33 mkdirat=34 unlinkat=35 "
        "symlinkat=36 linkat=37 renameat=38 fchmod=52 fchmodat=53 fchownat=54 fchown=55 renameat2=276 ptrace=117 "
        "process_vm_readv=270 process_vm_writev=271 pivot_root=41 chroot=51 mount=40 umount2=39 init_module=105 "
        "finit_module=273 add_key=217 request_key=218 keyctl=219 unshare=97 setns=268 perf_event_open=241 bpf=280 "
        "userfaultfd=282 shmget=194 msgget=186 mq_open=180"
    ),
}
_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_WITH_A_PROCESS = {  # calls that this process may use on itself: signals and limits
    "x86_64": "tgkill=234 prlimit64=302 rt_sigqueueinfo=129 rt_tgsigqueueinfo=297",
    "aarch64": "tgkill=131 prlimit64=261 rt_sigqueueinfo=138 rt_tgsigqueueinfo=240",
}


def confine() -> bool:
    """Give up, for ever: opening files, sockets, new processes and programs, signals to others, the keys of the kernel.

    Reading and writing what is open already, memory and threads stay. Whatever has to be imported must be by now.
    Says whether the kernel took it.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _ARCHITECTURES:
        return False
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    whole = _Program(len(program) // _INSTRUCTION.size, ctypes.addressof(code))
    return libc.syscall(_SECCOMP[machine], _SET_FILTER, _EVERY_THREAD, ctypes.byref(whole)) == 0


def _numbers(table: str) -> list[int]:
    return [int(entry.partition("=")[2]) for entry in table.split()]


class _Program(ctypes.Structure):
    """``sock_fprog``."""

    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]


def _program(machine: str) -> bytes:
    """The filter, in the kernel's classic packet filter language; a jump counts the instructions that it leaves out."""
    refuse, allow = (_RETURN, 0, 0, _ERROR | errno.EACCES), (_RETURN, 0, 0, _ALLOW)
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_IF_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _CALL_AT),
        (_JUMP_IF_AT_LEAST, 0, 1, _FOREIGN_CALLS),
        (_RETURN, 0, 0, _KILL),
        # The C library falls back to clone, whose flags can be seen from here, where clone3 is not there.
        (_JUMP_IF_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
        (_JUMP_IF_EQUAL, 0, 4, _CLONE[machine]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_JUMP_IF_ANY_BIT, 1, 0, _NEW_THREAD),
        refuse,
        allow,
    ]
    for number in _numbers(_WITH_A_PROCESS[machine]):
        lines += [(_JUMP_IF_EQUAL, 0, 5, number), (_LOAD, 0, 0, _FIRST_ARGUMENT_AT), (_JUMP_IF_EQUAL, 2, 0, 0)]
        lines += [(_JUMP_IF_EQUAL, 1, 0, os.getpid()), refuse, allow]
    for number in _numbers(f"{_DENIED[machine]} {_COMMON}"):
        lines += [(_JUMP_IF_EQUAL, 0, 1, number), refuse]
    return b"".join(_INSTRUCTION.pack(*line) for line in [*lines, allow])
