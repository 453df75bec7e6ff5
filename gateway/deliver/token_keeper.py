"""The station that keeps logins alive: renews tokens ahead, tries each login once a day, notices who has signed in."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from gateway.deliver import replies
from gateway.deliver.pool import Pool
from gateway.deliver.route import Routes
from gateway.deliver.self_test_due import is_due, is_probe_due
from gateway.deliver.session import is_of_mail
from gateway.deliver.token_fault import TokenError
from gateway.events import Event, log
from gateway.spool.database import JournalError
from gateway.spool.self_tests import SelfTest, SelfTests

_LOOK_S: Final = 15.0


@dataclass(slots=True)
class Keeper:
    """The station. ``hasten`` makes what waits due at once, for a route that works again."""

    routes: Routes
    tests: SelfTests
    hasten: Callable[[], None]
    _started_s: float = field(default_factory=time.monotonic)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for pool in self.routes.with_login():
                await self._guarded(pool)

    async def _guarded(self, pool: Pool) -> None:
        name = pool.route.name
        try:
            await self.look(pool)
        except (OSError, sqlite3.Error) as error:
            log(Event.LOCAL_FAULT, upstream=name, reason=f"keeping the login: {error}")
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001  the one broad catch: a test must not end the service
            log(Event.LOCAL_FAULT, upstream=name, reason="keeping the login", error=error)

    async def look(self, pool: Pool) -> None:
        """Do for one upstream what is due now."""
        name, tokens = pool.route.name, pool.tokens
        if tokens is not None and await asyncio.to_thread(tokens.take_new_sign_in):
            log(Event.SIGNED_IN, upstream=name)
            await self._test(name, is_signed_in=True)
            return
        pause = (await asyncio.to_thread(self.routes.traffic.pauses)).get(name)
        now = time.time()
        if pause is not None:
            is_of_login = replies.is_of_login(pause.said) and not is_of_mail(pause.said)
            has_token = tokens is not None
            if is_probe_due(pause.until, pause.kind, is_of_login=is_of_login, has_token=has_token, now=now):
                await self._test(name, is_probe=True)
            return
        last = (await asyncio.to_thread(self.tests.last)).get(name)
        if is_due(None if last is None else last.at, time.monotonic() - self._started_s, now):
            await self._test(name)
        elif tokens is not None and tokens.wants_renewal:
            try:
                await tokens.renew()
            except TokenError as error:
                log(Event.RENEWAL_FAILED, upstream=name, said=str(error), advice=error.advice or None)

    async def _test(self, name: str, *, is_signed_in: bool = False, is_probe: bool = False) -> None:
        fault = await self.routes.try_login(name, in_spite_of_pause=is_signed_in)
        said, advice = ("", "") if fault is None else (fault.said, fault.advice)
        await asyncio.to_thread(self.tests.note, name, SelfTest(time.time(), said, advice))
        log(Event.SELF_TEST, upstream=name, outcome="failed" if said else "ok", said=said or None)
        if not said and (is_signed_in or is_probe):
            await asyncio.to_thread(self.hasten)
