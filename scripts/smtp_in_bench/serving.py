"""The two servers of ours, each a process of its own: ``serving.py scangate|stock FOLDER`` prints its port and serves.

Both work on a spool and a journal that were opened as the service opens them. The stations behind the door are not
started: what is measured is the way to the 250, and a converter beside it would be measured along.
"""

import asyncio
import gc
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from hashlib import sha256  # noqa: E402 -- found once the path is set

from aiosmtpd.smtp import SMTP  # noqa: E402 -- the same

from conf.model import Address, Config, Gateway, Maildir, Sender, Smtp  # noqa: E402 -- the same
from gateway import events, service  # noqa: E402 -- the same
from gateway.arrive.intake import message_id, now_utc  # noqa: E402 -- the same
from gateway.arrive.listener import listeners  # noqa: E402 -- the same
from gateway.spool import durable, files  # noqa: E402 -- the same
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind, encode  # noqa: E402 -- the same

LIMIT_BYTES: Final = 200_000_000
_STORED: Final = "message.eml"


def config(folder: Path) -> Config:
    """One listener on a free port, with limits that a load generator does not meet."""
    smtp = Smtp(
        listen="127.0.0.1:0",
        clients=("127.0.0.1",),
        recipients=("example.com",),
        message_limit=LIMIT_BYTES,
        connections=1000,
        client_connections=1000,
        client_messages=100_000,
    )
    return Config(
        gateway=Gateway(name="bench.example.org", state=folder / "state", free_space=1_000_000),
        sender=Sender(address=Address("scanner@example.com")),
        upstream=(Maildir(method="maildir", path=folder / "mailbox"),),
        smtp=(smtp,),
    )


class Handler:
    """What stock aiosmtpd hands a message to, as one writes it who keeps to our promise and knows nothing of our pace.

    One hop to a thread for each message. There step by step, each flushed before the next: the message, the envelope,
    their directories, the rename, and a row of its own, before the 250.
    It borrows how names and envelopes are spelt, so that as much is written; not one flush for all, nor the commits
    that threads make together, nor the row behind the 250.
    """

    def __init__(self, opened: service.Service) -> None:
        self._spool, self._journal, self._config = opened.spool, opened.journal, opened.config

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Keep the message; only then comes the 250."""
        await asyncio.to_thread(self._keep, envelope)
        return "250 2.0.0 Ok"

    def _keep(self, received: Any) -> None:
        content = received.content
        draft = files.begin(self._spool, now_utc())
        durable.write_file(draft.originals / _STORED, [content])
        envelope = Envelope(
            id=draft.id,
            arrived_at=now_utc(),
            origin=Origin(OriginKind.SMTP, "stock"),
            sender=None,
            recipients=tuple(Address(one) for one in received.rcpt_tos),
            originals=(Original(_STORED, _STORED, len(content), sha256(content).hexdigest()),),
            message_id=message_id(draft.id, self._config),
        )
        durable.write_file(draft.directory / files.ENVELOPE, [encode(envelope)])
        durable.sync_directory(draft.originals)
        durable.sync_directory(draft.directory)
        durable.rename(draft.directory, self._spool.jobs / draft.id)
        self._journal.admit(envelope, time.time())


async def serve(kind: str, folder: Path) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    opened = service.start(config(folder))
    if kind == "scangate":
        (door,) = listeners(opened.intake, opened.config.smtp)
        await door.open()
        server, close = door.server, door.close
    else:
        handler = Handler(opened)
        server = await loop.create_server(
            lambda: SMTP(handler, data_size_limit=LIMIT_BYTES, hostname="bench.example.org", loop=loop),
            "127.0.0.1",
            0,
            backlog=128,
        )
        close = _nothing
    assert server is not None
    gc.collect()
    gc.freeze()  # as the service does
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()
    await close()
    opened.release()


async def _nothing() -> None:
    """Nothing more to close."""


if __name__ == "__main__":
    events.configure("text")
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
