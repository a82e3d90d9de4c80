"""File systems: which one a file is on, by the system's list; shared ones don't lock as SQLite needs it."""

import os
from contextlib import suppress
from typing import Final

from adc.ports.trouble import NetworkFileSystem

_LIST: Final = "/proc/self/mountinfo"
"""Only Linux has it: https://docs.kernel.org/filesystems/proc.html, 3.5."""

_SHARED: Final = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "coda"),
        *("9p", "virtiofs", "drvfs", "vboxsf", "vmhgfs", "prl_fs", "hgfs"),
        *("ceph", "glusterfs", "lustre", "gpfs", "beegfs", "orangefs", "pvfs2", "gfs2", "ocfs2"),
    }
)
_LOCAL_FUSE: Final = frozenset(
    f"fuse.{name}"
    for name in (
        *("fuse-overlayfs", "bindfs", "unionfs", "mergerfs", "ntfs-3g", "exfat", "ext2fs", "zfs", "lxcfs"),
        *("gocryptfs", "encfs", "cryfs", "securefs", "ecryptfs"),
    )
)
"""Programs that show files of this machine. Any other one may be sshfs, s3fs or the like."""

_kinds: dict[int, str | None] = {}
"""By device: what was found stays so, for as long as the device is there."""


def refuse_shared(path: str, device: int) -> None:
    """Raise NetworkFileSystem for a file on a device that other machines may have too."""
    kind = kind_of_device(device, path)
    if kind is not None and is_shared(kind):
        problem = f"it is on a file system of the kind {kind}, on which locks may not keep others out"
        raise NetworkFileSystem(path, "open", problem, "network-drive")


def is_shared(kind: str) -> bool:
    """Whether other machines may have it, or a program of which nobody knows how it locks."""
    if kind == "fuse" or kind.startswith("fuse."):
        return kind not in _LOCAL_FUSE
    return kind in _SHARED


def kind_of_device(device: int, path: str) -> str | None:
    """Of what kind the file system is on which a file is; None: this system doesn't tell. It is asked once a device."""
    if device not in _kinds:
        mounts = _mounts()
        _kinds[device] = None if mounts is None else kind_of(mounts, f"{os.major(device)}:{os.minor(device)}", path)
    return _kinds[device]


def tells_kinds() -> bool:
    """Whether this system tells of what kind its file systems are."""
    return os.path.exists(_LIST)  # noqa: PTH110  pathlib would cost 4 ms of each import of adc


def kind_of(mounts: str, device: str, path: str) -> str | None:
    """The kind, by the text of the system's list: that of the device; some, as btrfs, say another one there.

    Then it is that of the innermost place above the path; of several at one place the last one hides the others.
    """
    kind, longest = None, -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, told = before.split(" "), after.split(" ")
        if len(fields) < 5 or not told[0]:
            continue
        if fields[2] == device:
            return told[0]
        place = _unescaped(fields[4])
        if len(place) >= longest and _is_within(path, place):
            kind, longest = told[0], len(place)
    return kind


def _is_within(path: str, place: str) -> bool:
    return path.startswith(place if place.endswith("/") else f"{place}/") or path == place


def _unescaped(place: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        place = place.replace(code, char)
    return place


def _mounts() -> str | None:
    with suppress(OSError), open(_LIST, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123  as above
        return file.read()
    return None
