"""Kill -9 at every durable step of a scan's path: what was acknowledged arrives, once."""

import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.path.box import Box
from tests.peers import mailbox, scans
from tests.peers.loopback import wait_until

MAILDIR = '[[upstream]]\nmethod = "maildir"\npath = "{path}"\n'
STOPPING = Path(__file__).with_name("stopping.py")
SCAN = scans.tiff_g4(size_px=(200, 280), dpi=25)


def mails(box: Box) -> list[bytes]:
    """Return the mails the box has delivered."""
    return [path.read_bytes() for path in sorted((box.folder / "mailbox" / "new").glob("*"))]


@pytest.fixture
def boxes(make_box: Callable[..., Box]) -> Callable[[], Box]:
    """Makes boxes that deliver each into a Maildir of its own."""

    def make() -> Box:
        made = make_box("")
        with made.config.open("a", encoding="utf-8") as config:
            config.write(MAILDIR.format(path=made.folder / "mailbox"))
        return made

    return make


def start_stopping_at(box: Box, step: int) -> Path:
    """Start the box so that its step-th checkpoint kills it; return the file of the steps it has passed."""
    steps = box.folder / f"steps-{step}"
    box.extra_environment["STEPS"] = str(steps)
    box.start(program=(str(STOPPING), str(step)))
    steps.touch()
    return steps


def by_share(box: Box) -> bool:
    """Drop one scan; it counts as acknowledged as soon as it is in the share."""
    draft = box.share / ".scan.part"
    draft.write_bytes(SCAN)
    draft.rename(box.share / "scan.tif")
    return True


def by_smtp(box: Box) -> bool:
    """Mail one scan; return whether the box said 250."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "printer@contoso.com", "alice@contoso.com", "Scan"
    mail.add_attachment(SCAN, maintype="image", subtype="tiff", filename="scan.tif")
    try:
        with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
            device.send_message(mail)
            return True
    except (smtplib.SMTPException, OSError):
        return False


def steps_of(box: Box, arrive: Callable[[Box], bool]) -> list[str]:
    """Return the steps of one scan's whole path, in order."""
    steps = start_stopping_at(box, 0)
    assert arrive(box)
    wait_until(lambda: bool(mails(box)), 30, "the first scan")
    box.waits_for_event("job-sent")
    box.stop()
    return steps.read_text(encoding="utf-8").splitlines()


def kill_and_recover(box: Box, arrive: Callable[[Box], bool], step: int, name: str) -> None:
    """Kill the box at one step of a scan's path, start it again, and hold what it promised."""
    start_stopping_at(box, step)
    is_acknowledged = arrive(box)
    running = box.process
    assert running is not None
    wait_until(lambda: not running.is_running(), 60, f"kill at step {step} ({name})")
    box.kill()
    box.start()
    wait_until(lambda: box.is_at_rest() and not box.scans_left(), 60, f"rest after step {step} ({name})")
    if is_acknowledged:
        wait_until(lambda: bool(mails(box)), 60, f"the scan of step {step} ({name})")
    box.stop()
    delivered = mails(box)
    assert len(delivered) == 1 if is_acknowledged else len(delivered) <= 1, (step, name)
    for mail in delivered:
        assert mailbox.only_pdf(mail).startswith(b"%PDF-")
    assert [path for path in (box.state / "spool").rglob("*") if path.is_file()] == [], (step, name)


@pytest.mark.parametrize("arrive", [by_share, by_smtp])
def test_kill_at_every_step(arrive: Callable[[Box], bool], boxes: Callable[[], Box]):
    """Case 18: whatever step a kill hits, an acknowledged scan arrives once after the restart, and no rest is left."""
    names = steps_of(boxes(), arrive)
    assert len(names) > 20
    with ThreadPoolExecutor(max_workers=4) as several:  # each box is mostly waiting
        ends = [
            several.submit(kill_and_recover, boxes(), arrive, step, name) for step, name in enumerate(names, start=1)
        ]
    for end in ends:
        end.result()
