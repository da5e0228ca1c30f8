"""A small file system for one command, to test a full disk.

Run as a script: `small_disk.py DIR BYTES COMMAND...` mounts a tmpfs of BYTES on DIR in a private mount namespace
and replaces itself with COMMAND. Root needs nothing else; other users get a user namespace (user_namespaces(7)), which most
Linux systems allow.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

# Linux, include/uapi/linux/sched.h and mount.h.
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18


def main(directory: str, size_bytes: str, *command: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    checked(libc.unshare(CLONE_NEWNS if user == 0 else CLONE_NEWNS | CLONE_NEWUSER), "unshare")
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    checked(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "making mounts private")
    mode = f"size={size_bytes},mode=0711,uid={user},gid={group}"
    checked(libc.mount(b"tmpfs", directory.encode(), b"tmpfs", 0, mode.encode()), "mounting")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted; the caller names the program


def checked(result: int, action: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{action}: {os.strerror(code)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
