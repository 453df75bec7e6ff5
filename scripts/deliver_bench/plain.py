"""What one writes who has read aiosmtplib's manual: ``plain.py PDF SCANS PORT AUTHORITY`` sends at SIGUSR1.

EmailMessage with an attachment, made for each scan; as many connections as the others, each kept for all its mails.
Nothing is kept of what was sent.
"""

import asyncio
import signal
import ssl
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import aiosmtplib  # noqa: E402 -- as the next
from deliver_bench.scan import as_mail  # noqa: E402 -- found once the path is set
from deliver_bench.terms import CONNECTIONS, PASSWORD, SENDER  # noqa: E402 -- the same


async def send_some(pdf: Path, left: list[int], port: int, context: ssl.SSLContext) -> None:
    """Send over one connection as long as something is left."""
    smtp = aiosmtplib.SMTP(hostname="localhost", port=port, start_tls=True, tls_context=context, timeout=300)
    await smtp.connect()
    await smtp.login(SENDER, PASSWORD)
    while left:
        left.pop()
        await smtp.send_message(as_mail(pdf))
        print("sent", flush=True)
    await smtp.quit()


async def work(pdf: Path, scans: int, port: int, authority: Path) -> None:
    """Send them all once SIGUSR1 has come; then wait for SIGTERM, so that the memory can be read."""
    go, stop = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, go.set)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    print("waiting", flush=True)
    await go.wait()
    left = list(range(scans))
    context = ssl.create_default_context(cafile=authority)
    await asyncio.gather(*(send_some(pdf, left, port, context) for _ in range(min(CONNECTIONS, scans))))
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
