"""The power goes right after a scan was acknowledged: what the disk holds then is enough."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.path.box import Box
from tests.path.test_kill import by_share, by_smtp
from tests.peers import mailbox
from tests.peers.disk import Disk
from tests.peers.loopback import free_port, wait_until

NOBODY = '[[upstream]]\nmethod = "relay"\nhost = "127.0.0.1"\nport = {port}\n'
AT_ONCE = 4
MAILDIR = '[[upstream]]\nmethod = "maildir"\npath = "{path}"\n'


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """The card of the box."""
    with Disk(tmp_path, 64 << 20) as made:
        yield made


def by_smtp_at_once(box: Box) -> bool:
    """Mail several scans at the same time; return whether the box said 250 to each."""
    with ThreadPoolExecutor(AT_ONCE) as devices:
        return all(devices.map(lambda _: by_smtp(box), range(AT_ONCE)))


@pytest.mark.parametrize(("arrive", "count"), [(by_share, 1), (by_smtp, 1), (by_smtp_at_once, AT_ONCE)])
def test_a_power_cut_after_the_commit_loses_nothing(
    arrive: Callable[[Box], bool], count: int, disk: Disk, tmp_path: Path
):
    """Case 19: cut right after 250, or right after the file left the share, the scan is delivered after the start."""
    nobody = NOBODY.format(port=free_port())
    box = Box(disk.path, nobody)
    with box:
        assert arrive(box)
        wait_until(lambda: not box.scans_left(), 10, "an empty share")
        image = disk.cut_power(tmp_path / "after.image")
        box.kill()
    (tmp_path / "after").mkdir()
    with Disk(tmp_path / "after", image=image) as after:
        again = Box(after.path, MAILDIR.format(path=tmp_path / "mailbox"))
        assert again.scans_left() == []
        with again:
            wait_until(lambda: again.is_at_rest() and (tmp_path / "mailbox" / "new").is_dir(), 60, "the delivery")
        mails = list((tmp_path / "mailbox" / "new").iterdir())
        assert len(mails) == count
        assert all(mailbox.only_pdf(mail.read_bytes()).startswith(b"%PDF-") for mail in mails)
