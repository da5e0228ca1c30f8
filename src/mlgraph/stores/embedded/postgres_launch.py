"""Launcher script: change the user, bind the process to its parent's life, then exec PostgreSQL.

It runs as a separate script, by path, between fork and exec: a `preexec_fn` is unsafe in a process with threads. It imports
the standard library only, since it runs without site-packages.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

STAY = -1
"""A user id that means: the user of the caller."""

# Linux, include/uapi/linux: prctl.h, securebits.h and capability.h.
_PR_SET_PDEATHSIG = 1
_PR_GET_SECUREBITS = 27
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _checked(result: int, step: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{step}: {os.strerror(code)}")


def _become(libc: ctypes.CDLL, uid: int, gid: int, *, enter_closed_directories: bool) -> None:
    """Change from root to `uid`; on request, retain the one capability to enter directories that are closed to it."""
    if enter_closed_directories:
        # With this bit, capabilities survive the change of user, and access(2), with which initdb finds its programs, respects
        # them (otherwise it ignores them for an ordinary user).
        bits = libc.prctl(_PR_GET_SECUREBITS, 0, 0, 0, 0) | _SECBIT_NO_SETUID_FIXUP
        _checked(libc.prctl(_PR_SET_SECUREBITS, bits, 0, 0, 0), "keeping capabilities")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if not enter_closed_directories:
        return
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    sets = (_CapabilitySets * 2)()
    _checked(libc.capget(ctypes.byref(header), sets), "reading capabilities")
    # Containers often have only the wider capability. The narrower one does not permit writes.
    narrow_allowed = sets[0].permitted & (1 << _CAP_DAC_READ_SEARCH)
    capability = _CAP_DAC_READ_SEARCH if narrow_allowed else _CAP_DAC_OVERRIDE
    sets[0] = _CapabilitySets(1 << capability, 1 << capability, 1 << capability)
    sets[1] = _CapabilitySets(0, 0, 0)
    _checked(libc.capset(ctypes.byref(header), sets), "setting capabilities")
    _checked(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0), "passing capabilities on")


def main(arguments: list[str]) -> None:
    """Replace this process by a command: `PARENT_PID UID GID ENTER_CLOSED(0|1) PROGRAM ARGUMENT...`.

    Raises OSError where the system refuses a step; the message is written to standard error, the server's log.
    """
    parent, uid, gid, enter_closed, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if int(uid) != STAY:
        try:
            _become(libc, int(uid), int(gid), enter_closed_directories=enter_closed == "1")
        except OSError as error:
            sys.exit(
                f"PostgreSQL does not run as root, and this root may not become user id {uid} ({error}): run "
                "mlgraph as an ordinary user, or move data and programs to directories that other users may enter",
            )
    if sys.platform == "linux":
        # After the change of user, which clears it. SIGINT is PostgreSQL's fast, clean shutdown.
        _checked(libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0), "binding to the parent")
    if os.getppid() != int(parent):
        sys.exit("the process that started PostgreSQL is already gone")
    os.execv(command[0], command)  # noqa: S606 - no shell is needed; the caller names the program


if __name__ == "__main__":
    main(sys.argv[1:])
