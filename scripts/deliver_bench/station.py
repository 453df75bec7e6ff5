"""Our deliver station, a process of its own: ``station.py FOLDER PORT AUTHORITY`` delivers at SIGUSR1, until SIGTERM.

Spool, journal and station are those of the service, put together by it; the other stations are not started, and the
jobs lie ready in the spool. The pace is lifted behind the back of the configuration, which admits 30 messages a minute
at most: no key of an operator's file can do that.
"""

import asyncio
import gc
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from deliver_bench.terms import CONNECTIONS, PASSWORD, RECIPIENT, SENDER  # noqa: E402 -- found once the path is set

from conf.hidden import SecretStr  # noqa: E402 -- the same
from conf.model import Address, ClientAuth, Config, Gateway, Sender, Smtp  # noqa: E402 -- the same
from gateway import events, service  # noqa: E402 -- the same

_NO_PACE: Final = 1_000_000_000


def config(folder: Path, port: int, authority: Path) -> Config:
    """One client-auth upstream with a password, as fast as it goes."""
    fast = ClientAuth(
        method="client-auth",
        host="localhost",
        port=port,
        ca_file=authority,
        username=Address(SENDER),
        auth="password",
        password=SecretStr(PASSWORD),
        connections=CONNECTIONS,
        messages_per_minute=_NO_PACE,
        recipients_per_day=_NO_PACE,
    )
    return Config(
        gateway=Gateway(name="bench.example.org", state=folder / "state", free_space=1_000_000),
        sender=Sender(address=Address(SENDER)),
        upstream=(fast,),
        smtp=(Smtp(listen="127.0.0.1:0", clients=("127.0.0.1",), recipients=(RECIPIENT,)),),
    )


async def work(wanted: Config) -> None:
    """Deliver what is ready whenever SIGUSR1 says that there is something."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(12, "box"))  # as the service does, here and with the collector
    opened = service.start(wanted)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, opened.deliverer.wake.set)
    station = asyncio.create_task(opened.deliverer.run())
    gc.collect()
    gc.freeze()
    print("waiting", flush=True)
    await stop.wait()
    station.cancel()
    await asyncio.wait([station])
    await loop.shutdown_default_executor()
    opened.release()


if __name__ == "__main__":
    events.configure("text")
    asyncio.run(work(config(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
