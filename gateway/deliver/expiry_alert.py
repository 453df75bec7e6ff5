"""The station that tells the admins, ahead of time and once, that a secret, certificate or sign-in ends."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from gateway.deliver.alerting import look_and_tell
from gateway.deliver.expiries import expiries
from gateway.deliver.expiry import Expiry, days_left, news, outdated, told_as
from gateway.deliver.expiry_letter import compose_expiry
from gateway.deliver.post import Post, reachable
from gateway.events import Event, log
from gateway.spool.alerts import Alerts
from gateway.spool.job import new_job_id, notice_id
from hotfolder.shelf_life import EARLIEST_S

_FIRST_S: Final = 60.0
_LOOK_S: Final = 3600.0
_OF_UPSTREAM: Final = "upstream/"
"""Before an upstream's name, where alerts are noted by share: no share's name has a slash."""


@dataclass(slots=True)
class ExpiryAlerter:
    """The station. ``poke`` wakes the delivery."""

    post: Post
    alerts: Alerts
    poke: Callable[[], None]
    _logged: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Tell until cancelled. With nobody to tell the log and ``status`` have to do."""
        await asyncio.sleep(_FIRST_S)
        while True:
            await look_and_tell(self.tell_all, self.poke, "telling what expires")
            await asyncio.sleep(_LOOK_S)

    def tell_all(self) -> int:
        """Tell of what has come to another stage; return how many mails were made.

        Not by a clock that was never set: everything would be far off, or have ended.
        """
        at = time.time()
        if at < EARLIEST_S:
            return 0
        now = datetime.fromtimestamp(int(at), UTC)
        config = self.post.config
        found = expiries(config)
        told = {one.name: self.alerts.told(_OF_UPSTREAM + one.name) for one in config.upstream}
        for name, names in told.items():
            if gone := outdated(name, found, names):
                self.alerts.forget(_OF_UPSTREAM + name, gone)
        return sum(self._tell(expiry, stage, now) for expiry, stage in news(found, told, now))

    def _tell(self, expiry: Expiry, stage: int, now: datetime) -> bool:
        name = told_as(expiry, stage)
        whom = reachable(self.post.config, self.post.config.gateway.admin)
        if f"{expiry.upstream} {name}" not in self._logged or whom:
            self._logged.add(f"{expiry.upstream} {name}")
            log(
                Event.CREDENTIAL_EXPIRES,
                upstream=expiry.upstream,
                what=expiry.what.value,
                on=f"{expiry.ends_at:%Y-%m-%d}",
                days=days_left(expiry, now),
                advice=expiry.mend,
                told=",".join(whom) or None,
            )
        if not whom:
            return False
        own_id = notice_id(new_job_id(now))
        self.post.put(own_id, expiry.upstream, whom, lambda head: compose_expiry(expiry, stage, head, now), now)
        self.alerts.note(_OF_UPSTREAM + expiry.upstream, [name], now.timestamp())
        return True
