"""File systems: those that other machines may have are refused, told from the text of the system's own list."""

from contextlib import closing
from pathlib import Path

import pytest

from adc.core.instants import Span
from adc.ports.trouble import NetworkFileSystem
from adc.stores.sqlite import filesystems
from adc.stores.sqlite.filesystems import is_shared, kind_of, kind_of_device
from adc.stores.sqlite.opening import open_store

MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
28 27 0:50 / /srv rw - btrfs /dev/sdb rw,subvol=/
31 27 0:40 / /srv/share rw,relatime shared:7 master:1 - nfs4 server:/export rw,vers=4.2
32 27 0:41 / /mnt/c rw - 9p drvfs rw
33 27 0:42 / /mnt/my\040\134\011disk rw - fuseblk /dev/sdc1 rw
34 27 0:43 / /home/me/remote rw - fuse.sshfs me@host: rw
35 27 0:44 / /over rw - ext4 /dev/vdb rw
36 27 0:45 / /over rw - virtiofs tag rw
37 27 254:0 /data/jobs.db /app/jobs.db rw - ext4 /dev/vda rw
a broken line
38 -
"""

PLACES = {
    "the root's": ("254:0", "/var/lib/jobs.db", "ext4"),
    "by its device, whatever its name": ("0:40", "/anywhere/jobs.db", "nfs4"),
    "by its place, where the device is another": ("0:99", "/srv/a/jobs.db", "btrfs"),
    "by the innermost place": ("0:99", "/srv/share/a/jobs.db", "nfs4"),
    "beside a place with that beginning": ("0:99", "/srv/shared.db", "btrfs"),
    "the place itself": ("0:99", "/app/jobs.db", "ext4"),
    "with escapes in its name": ("0:99", "/mnt/my \\\tdisk/jobs.db", "fuseblk"),
    "the last of two at one place": ("0:99", "/over/jobs.db", "virtiofs"),
    "by the root, where nothing else is": ("0:99", "/other/jobs.db", "ext4"),
}


@pytest.mark.parametrize(("device", "path", "kind"), PLACES.values(), ids=PLACES)
def test_the_kind_is_that_of_the_device_or_of_the_innermost_place(device: str, path: str, kind: str) -> None:
    assert kind_of(MOUNTS, device, path) == kind


def test_an_empty_list_tells_nothing() -> None:
    assert kind_of("", "0:1", "/jobs.db") is None


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse.sshfs", "fuse.s3fs", "fuse", "ceph", "lustre"]
)
def test_what_other_machines_may_have_is_shared(kind: str) -> None:
    assert is_shared(kind)


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "f2fs", "fuseblk", "fuse.fuse-overlayfs", "apfs"]
)
def test_what_is_this_machine_s_is_not(kind: str) -> None:
    assert not is_shared(kind)


def test_the_list_is_read_once_a_device(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    filesystems._kinds.clear()

    kind = kind_of_device(device, str(tmp_path))

    assert filesystems._kinds == {device: kind}
    assert kind is not None or not filesystems.tells_kinds()


def test_where_the_system_has_no_list_that_is_told_and_files_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystems, "_LIST", str(tmp_path / "missing"))
    monkeypatch.setattr(filesystems, "_kinds", {})

    with closing(open_store(str(tmp_path / "jobs.db"), "normal", Span(0))) as store:
        assert store.absent_guards == ("a network drive",)


def test_a_file_there_is_refused_and_none_is_made_unless_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(filesystems._kinds, tmp_path.stat().st_dev, "nfs4")
    path = tmp_path / "jobs.db"

    with pytest.raises(NetworkFileSystem) as raised:
        open_store(str(path), "normal", Span(0))

    assert str(raised.value) == (
        f"{path}: open: it is on a file system of the kind nfs4, on which locks may not keep others out. "
        "Nothing was made or changed. If you know better, open it with allow=['network-drive']."
    )
    assert raised.value.risk == "network-drive"
    assert list(tmp_path.iterdir()) == []
    open_store(str(path), "normal", Span(0), allow=["network-drive"]).close()
    open_store(str(path), "normal", Span(0)).close()  # this process knows
