"""The demo behind ``scripts/run``: starts the service, drops one sample scan, and says in plain words what happened."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
SCANS = ROOT / "var" / "scans"
MAILBOX = ROOT / "var" / "mailbox"
LOG = ROOT / "var" / "scangate.log"
READY_WITHIN_S = 30.0
MAIL_WITHIN_S = 60.0


def main() -> int:
    """Run the demo until Ctrl-C or until the service ends; return the service's exit code."""
    LOG.parent.mkdir(exist_ok=True)
    LOG.touch()
    seen_from = LOG.stat().st_size
    before = mails()
    with LOG.open("ab") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "gateway", "run", "--config", "conf/demo.toml"], cwd=ROOT, stderr=log
        )
    # Ctrl-C reaches the service too (same terminal); SIGTERM is handed on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: service.terminate())
    if not wait_for(lambda: b"service-ready" in log_since(seen_from), READY_WITHIN_S, service):
        return failed(service, seen_from)
    sample = drop_sample()
    print("scangate is running. Stop it with Ctrl-C.")
    print(f"  Put scans (PDF, TIFF, JPEG, PNG) into   {SCANS.relative_to(ROOT)}/")
    print("  or send them by SMTP to                 127.0.0.1 port 2525, to anyone@example.com")
    print(f"  Mails land in                           {MAILBOX.relative_to(ROOT)}/new/")
    print(f"  What it does stands in                  {LOG.relative_to(ROOT)}")
    print(f"A sample scan was dropped as {sample.relative_to(ROOT)} ...", flush=True)
    if not wait_for(lambda: bool(mails() - before), MAIL_WITHIN_S, service):
        return failed(service, seen_from)
    while service.poll() is None:
        for mail in sorted(mails() - before):
            print(f"Delivered: {mail.relative_to(ROOT)} ({mail.stat().st_size // 1000} kB)", flush=True)
            before.add(mail)
        with contextlib.suppress(subprocess.TimeoutExpired):
            service.wait(timeout=0.5)
    print("scangate has stopped.")
    return service.returncode


def drop_sample() -> Path:
    """Draw an A4 page at 300 dpi and put it into the hot folder as a scanner would: a temporary name, then its own."""
    page = Image.new("1", (2480, 3508), 1)
    draw = ImageDraw.Draw(page)
    draw.rectangle((200, 200, 2280, 3308), outline=0, width=8)
    draw.text((320, 320), "scangate: sample scan", fill=0, font_size=140)
    draw.text((320, 560), time.strftime("dropped on %Y-%m-%d at %H:%M:%S"), fill=0, font_size=80)
    SCANS.mkdir(parents=True, exist_ok=True)
    name = SCANS / f"sample-{time.strftime('%H%M%S')}.tif"
    draft = name.with_suffix(".part")
    page.save(draft, "TIFF", compression="group4", dpi=(300, 300))
    return draft.rename(name)


def mails() -> set[Path]:
    """Return the mails in the mailbox now."""
    return set((MAILBOX / "new").glob("*"))


def log_since(offset: int) -> bytes:
    """Return what the service has logged since this size of the log."""
    with LOG.open("rb") as log:
        log.seek(offset)
        return log.read()


def wait_for(is_so: Callable[[], bool], within_s: float, service: "subprocess.Popen[bytes]") -> bool:
    """Wait until something is so; False when the time is over or the service has ended."""
    deadline = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > deadline or service.poll() is not None:
            return False
        time.sleep(0.05)
    return True


def failed(service: "subprocess.Popen[bytes]", seen_from: int) -> int:
    """Stop the service, show what it said, and return an exit code that is not 0."""
    service.terminate()
    code = service.wait()
    sys.stderr.write(log_since(seen_from).decode(errors="replace"))
    print(f"scangate could not run the demo; its log is {LOG.relative_to(ROOT)}.", file=sys.stderr)
    return code or os.EX_SOFTWARE


if __name__ == "__main__":
    sys.exit(main())
