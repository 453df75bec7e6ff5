"""The alert: of what stands in a share and is never taken (links, pipes, what cannot be read) the admin hears once."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.deliver.alert_letter import compose_alert, news, outdated
from gateway.deliver.alerting import look_and_tell
from gateway.deliver.post import Post
from gateway.events import Event, log
from gateway.spool.alerts import Alerts
from gateway.spool.job import new_job_id, notice_id
from hotfolder.arrival import Held, Standing

_LOOK_S: Final = 30.0


@dataclass(slots=True)
class Alerter:
    """The station. ``standings`` returns what the doors know of their shares; ``poke`` wakes the delivery."""

    post: Post
    alerts: Alerts
    standings: Callable[[], Iterable[Standing]]
    poke: asyncio.Event

    async def run(self) -> None:
        """Tell until cancelled. With nobody to tell STATUS.txt and the log have to do."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await look_and_tell(self.tell_all, self.poke.set, "alerting")

    def tell_all(self) -> int:
        """Tell of what is new in every share; return how many mails were made."""
        return sum(self._tell(standing) for standing in self.standings())

    def _tell(self, standing: Standing) -> bool:
        now = time.time()
        told = self.alerts.told(standing.share)
        fresh = news(standing, told, now)
        if gone := outdated(standing, told, now):
            self.alerts.forget(standing.share, gone)
        if not fresh or not self.post.config.gateway.admin:
            return False
        self._put(standing.share, fresh, datetime.fromtimestamp(int(now), UTC))
        self.alerts.note(standing.share, [one.key for one in fresh], now)
        return True

    def _put(self, share: str, fresh: tuple[Held, ...], now: datetime) -> None:
        whom, own_id = self.post.config.gateway.admin, notice_id(new_job_id(now))
        self.post.put(own_id, share, whom, lambda head: compose_alert(share, fresh, head), now)
        log(Event.SHARE_ALERT, own_id, share=share, files=len(fresh), told=",".join(whom))
