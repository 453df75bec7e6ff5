"""The upstreams that one job is offered to, one after the other, while some of them rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conf.model import Address
from gateway.deliver import upstream
from gateway.deliver.offer import Offer
from gateway.deliver.route import Routes
from gateway.events import Event, log
from gateway.spool.job import Job, is_notice_id
from gateway.spool.reply import Deferral


def names_of(routes: Routes, job: Job, paused: Mapping[str, float]) -> frozenset[str]:
    """Return the upstreams that a job's waiting recipients go to; ``paused`` is what ``Routes.paused`` returned."""
    return frozenset(_assigned(routes, job, paused)[0])


def _assigned(
    routes: Routes, job: Job, paused: Mapping[str, float]
) -> tuple[Mapping[str, tuple[Address, ...]], tuple[Address, ...]]:
    # What an upstream may have taken without our hearing of it is not given to another: that would double it for sure.
    return upstream.assign(routes.config, job.pending, paused if _may_pass(routes, job) else {}, job.bound)


def _may_pass(routes: Routes, job: Job) -> bool:
    """Tell whether a job may go by another upstream while its first one rests; a notice always may."""
    return not job.is_uncertain and (routes.config.delivery.fallback or is_notice_id(job.id))


@dataclass(slots=True)
class Ways:
    """One attempt at one job. ``deferrals`` are of those who wait on, ``next_try_at`` is when their upstreams want.

    ``is_uncertain``: an upstream may have taken it without our hearing of it.
    """

    routes: Routes
    job: Job
    deferrals: list[Deferral] = field(default_factory=list)
    next_try_at: float = 0.0
    is_uncertain: bool = False
    _groups: dict[str, tuple[Address, ...]] = field(default_factory=dict)
    _tried: set[tuple[str, Address]] = field(default_factory=set)

    async def begin(self) -> tuple[Address, ...]:
        """Decide who goes where; return the recipients that no upstream may carry."""
        groups, stranded = _assigned(self.routes, self.job, await self.routes.paused())
        self._add(groups)
        return stranded

    def next(self) -> tuple[str, tuple[Address, ...]] | None:
        """Return the next upstream and its recipients; None when there is none left."""
        name = next(iter(self._groups), None)
        if name is None:
            return None
        recipients = self._groups.pop(name)
        self._tried |= {(name, address) for address in recipients}
        return name, recipients

    async def after(self, name: str, offer: Offer) -> None:
        """Take in what an upstream said. Whom it deferred because it rests now goes on to one that does not."""
        self.is_uncertain |= offer.is_uncertain
        if offer.left_over:
            self._groups = {name: offer.left_over, **self._groups}  # at once, in a mail of their own
        waiting = {who: verdict for who, verdict in offer.verdicts.items() if who not in offer.left_over}
        left = {who: verdict for who, verdict in waiting.items() if isinstance(verdict, Deferral)}
        may_pass = _may_pass(self.routes, self.job) and not offer.is_uncertain
        paused = await self.routes.paused() if may_pass else {}
        next_try_at = offer.next_try_at
        if name in paused:
            groups, _ = upstream.assign(self.routes.config, left, paused)
            onward = {
                other: tuple(who for who in recipients if (other, who) not in self._tried)
                for other, recipients in groups.items()
                if other not in paused
            }
            self._add({other: recipients for other, recipients in onward.items() if recipients})
            for who in [who for recipients in onward.values() for who in recipients]:
                del left[who]
            free_at = upstream.free_at(self.routes.config, left, paused)
            next_try_at = min(next_try_at, free_at) if free_at else next_try_at
        self.deferrals += left.values()
        if left:
            self.next_try_at = max(self.next_try_at, next_try_at)

    def _add(self, groups: Mapping[str, Sequence[Address]]) -> None:
        if not self.job.is_uncertain:
            for (first, other), count in upstream.passed_over(self.routes.config, groups).items():
                log(Event.ROUTE_PASSED_OVER, self.job.id, upstream=first, through=other, recipients=count)
        for name, recipients in groups.items():
            self._groups[name] = (*self._groups.get(name, ()), *recipients)
