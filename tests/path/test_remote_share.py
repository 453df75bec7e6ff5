"""A share on a remote mount, from the drop on the other machine to the mail."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hotfolder.names import STATUS_NAME
from tests.path.box import Box
from tests.peers import mailbox, scans
from tests.peers.loopback import wait_until
from tests.peers.remote_mount import KIND, RemoteMount

MAILDIR = '[[upstream]]\nmethod = "maildir"\npath = "{path}"\n'


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[RemoteMount]:
    """The mount."""
    with RemoteMount(tmp_path) as mounted:
        yield mounted


def test_a_scan_from_a_remote_mount_is_delivered(mount: RemoteMount, make_box: Callable[..., Box], tmp_path: Path):
    """Log, `check` and `status` warn; the scan arrives whole, once, and leaves the other machine's folder."""
    box = make_box(MAILDIR.format(path=tmp_path / "mailbox"), share=mount.here)
    with box:
        (mount.there / "scan.tif").write_bytes(scans.tiff_g4(size_px=(200, 280), dpi=25))
        warned = f"share.scans.path: {mount.here} is on a remote or shared file system ({KIND})"
        assert "event=config-warning" in box.log
        assert warned in box.log
        box.waits_for_event("share-fault")
        assert warned in box.command("status").stdout
        assert any(warned in warning for warning in box.status()["warnings"])
        checked = box.command("check")
        assert (checked.returncode, warned in checked.stderr) == (0, True)
        box.waits_for_event("job-sent", timeout_s=60)
        wait_until(lambda: [path.name for path in mount.there.iterdir()] == [STATUS_NAME], 10, "an empty share")
    (mail,) = (tmp_path / "mailbox" / "new").iterdir()
    assert mailbox.only_pdf(mail.read_bytes()).startswith(b"%PDF-")


def test_a_single_run_takes_it_and_leaves_nothing(mount: RemoteMount, make_box: Callable[..., Box], tmp_path: Path):
    """`run --once` waits as long as the mount needs, delivers, and is content: the warning is no scan left behind."""
    box = make_box(MAILDIR.format(path=tmp_path / "mailbox"), share=mount.here)
    (mount.there / "scan.tif").write_bytes(scans.tiff_g4(size_px=(200, 280), dpi=25))
    done = box.command("run", "--once")
    assert (done.returncode, "left in" in done.stdout) == (0, False), done.stdout + done.stderr
    assert len(list((tmp_path / "mailbox" / "new").iterdir())) == 1


def test_a_state_on_a_remote_mount_is_refused(mount: RemoteMount, make_box: Callable[..., Box], tmp_path: Path):
    """Neither journal nor spool are safe there: `check` and the start say so, and nothing is written."""
    box = make_box(MAILDIR.format(path=tmp_path / "mailbox"))
    text = box.config.read_text(encoding="utf-8")
    box.config.write_text(text.replace(f'state = "{box.state}"', f'state = "{mount.here / "state"}"'), encoding="utf-8")
    for words in (("check",), ("run",)):
        done = box.command(*words)
        assert done.returncode != 0
        assert f"gateway.state: {mount.here / 'state'} is on a network file system ({KIND})" in done.stderr
    assert list(mount.there.iterdir()) == []
