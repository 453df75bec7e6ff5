"""A login that is tried for its own sake, in spite of a pause."""

from pathlib import Path

import pytest

from gateway.deliver.pool import Pool
from gateway.deliver.session import LostError
from gateway.spool.job import State
from gateway.spool.reply import Phase
from gateway.spool.traffic import Pause
from tests.gateway.deliver.given import box, config
from tests.gateway.deliver.signed_in import device_auth
from tests.peers.certificates import Certificates
from tests.peers.entra import Entra
from tests.peers.exchange import Exchange

NAME = "client-auth"


async def test_a_fault_stands_while_a_login_is_tried(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Until the login has worked nobody may take the upstream for well, and say so by mail; it is no new fault."""
    seen: list[Pause | None] = []
    async with box(config(tmp_path, device_auth(exchange.port, certificates.authority_file, entra.port))) as here:

        async def silent(_pool: Pool) -> None:
            seen.append(here.traffic.pauses().get(NAME))
            raise LostError(Phase.CONNECT, "the host is silent")

        monkeypatch.setattr(Pool, "try_login", silent)
        assert (await here.deliver(here.ready())).state is State.DEFERRED
        before = here.traffic.pauses()[NAME]
        assert await here.routes.try_login(NAME, in_spite_of_pause=True)
        (meanwhile,) = seen
        assert meanwhile is not None
        after = here.traffic.pauses()[NAME]
        assert (after.since, after.faults, after.said) == (before.since, 1, "the host is silent")
