"""Limits for a process that reads what strangers wrote: memory, time, output, no network, no other programs.

Each limit holds for itself; where a kernel does not know one, the others remain.
"""

import ctypes
import platform
import resource
import struct
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of the kernel's filter machine
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
_REFUSE, _ALLOW = 0x00050000 | 1, 0x7FFF0000  # EPERM
_OTHER_NUMBERS = 0x40000000  # a second set of numbers for the same calls
# Name of the machine: its number in the kernel; the calls that connect (socket, connect, io_uring_setup), that begin
# processes and threads (clone, clone3, fork, vfork), and that become or reach into programs (execve, execveat, ptrace).
_FORBIDDEN: dict[str, tuple[int, tuple[int, ...]]] = {
    "x86_64": (0xC000003E, (41, 42, 425, 56, 435, 57, 58, 59, 322, 101)),
    "aarch64": (0xC00000B7, (198, 203, 425, 220, 435, 221, 281, 117)),
}


def confine_myself(*, memory_bytes: int, output_bytes: int, cpu_s: int) -> None:
    """Take from this process, for good, what it does not need; threads that run already are not reached, and there are
    to be none.

    ``memory_bytes`` come on top of the address space that it has by now, ``output_bytes`` are the most per file.
    """
    _leave_the_network()
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: output_bytes,
        resource.RLIMIT_AS: _address_space_bytes() + memory_bytes,
    }
    for what, most in limits.items():
        # Never above what this process was given itself.
        _, given = resource.getrlimit(what)
        most = most if given == resource.RLIM_INFINITY else min(most, given)
        resource.setrlimit(what, (most, most))
    _forbid_calls()


def _leave_the_network() -> None:
    """Into a network of our own without any interface."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    if unshare is not None and unshare(_CLONE_NEWNET) != 0:
        unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _forbid_calls() -> None:
    """Let the kernel refuse connections, other programs, other processes, and more threads."""
    if platform.system() != "Linux" or platform.machine() not in _FORBIDDEN:
        return
    program = _filter(*_FORBIDDEN[platform.machine()])
    libc = ctypes.CDLL(None)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(header), 0, 0)


def _filter(architecture: int, forbidden: tuple[int, ...]) -> bytes:
    """A program for the kernel: eight bytes per step (what, steps to skip if so, if not, operand)."""
    refuse = len(forbidden) + 1  # the step of the refusal, counted from the first comparison
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 0, refuse + 2, architecture),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_AT_LEAST, refuse, 0, _OTHER_NUMBERS),
        *((_IF_EQUAL, refuse - 1 - place, 0, number) for place, number in enumerate(forbidden)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _address_space_bytes() -> int:
    """What the libraries have taken already; how much that is depends on their build."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[0]) * resource.getpagesize() if pages.exists() else 64 * 2**30
