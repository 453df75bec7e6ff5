"""One offer to one upstream that logs in by a password, and what came of it."""

import time
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.deliver.offer import Offer
from gateway.spool.reply import Deferral, Scope
from gateway.spool.traffic import Pause
from tests.gateway.deliver.given import OFFICE, Box, box, config, no_matter, password_auth
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange

NAME: Final = "upstream"


def logged_in(folder: Path, exchange: Exchange, shown: Certificate, **keys: Any) -> Any:
    """A box with one client-auth upstream."""
    return box(config(folder, password_auth(exchange.port, shown.authority, name=NAME, **keys)))


async def offer(here: Box) -> Offer:
    """Offer a new job."""
    job_id = here.ready()
    return await here.routes.offer(NAME, job_id, (OFFICE,), here.message(job_id), no_matter)


async def at_fault(here: Box, pause_s: float) -> Pause:
    """Offer a job, which must find the route at fault; return the pause, checked against what it should be."""
    before = time.time()
    made = await offer(here)
    pause = here.traffic.pauses()[NAME]
    verdict = made.verdicts[OFFICE]
    assert isinstance(verdict, Deferral)
    assert verdict.scope is Scope.ROUTE
    assert made.next_try_at == pause.until
    assert pause.until - before == pytest.approx(pause_s, abs=2)
    return pause
