"""Who has to hear of a failure hears of it by mail: at once, or with many others in a digest. Told once, and bounded.

Each step may be repeated after a crash: a notice has the id of the job it is about, a digest that of its first one.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from conf.carry import domain_of, first_carrier
from conf.model import Address, Config, Maildir
from gateway.deliver import held_letter, notice
from gateway.deliver.digest_letter import COUNTED, NAMED, Heap, compose_digest, line_of
from gateway.deliver.flood import HOUR_S, Kind, is_due, told_singly, waits_until
from gateway.deliver.notice import Failure
from gateway.deliver.own_mail import Letterhead
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.database import JournalError
from gateway.spool.digests import Desk, Digests, Waiting
from gateway.spool.envelope import Envelope, Origin, OriginKind
from gateway.spool.files import Spool
from gateway.spool.job import JobId, State, held_notice_id, notice_id
from gateway.spool.journal import Journal


@dataclass(frozen=True, slots=True)
class Post:
    """Where mails of our own become jobs that are born ready."""

    config: Config
    spool: Spool
    journal: Journal

    def put(
        self,
        own_id: JobId,
        about: str,
        whom: tuple[Address, ...],
        compose: Callable[[Letterhead], bytes],
        now: datetime,
    ) -> None:
        """Commit a mail as a job; ``about`` is what its title names. Raises OSError and sqlite3.Error."""
        sender = self.config.sender.address
        message_id = f"{own_id}@{sender.rpartition('@')[2]}"
        mail = compose(Letterhead(sender, whom, self.config.gateway.name, message_id, now))
        origin = Origin(OriginKind.NOTICE, about)
        envelope = Envelope(own_id, now, origin, None, whom, originals=(), message_id=message_id)
        draft = files.begin_as(self.spool, own_id)
        try:
            files.put_message(draft.directory, [mail])
            files.commit(self.spool, draft, envelope)
        except BaseException:
            files.discard(self.spool, draft)
            raise
        self.spool.in_hand.discard(own_id)
        self.journal.admit(envelope, now.timestamp(), State.READY, size_bytes=len(mail))

    def has(self, own_id: JobId) -> bool:
        """Tell whether a mail is a job, or was one."""
        return files.find(self.spool, own_id) is not None or self.journal.job(own_id) is not None


def reachable(config: Config, addresses: Iterable[Address]) -> tuple[Address, ...]:
    """Return those that a mail of ours can be sent to, each once."""
    carried = (a for a in addresses if "." in domain_of(a) and first_carrier(config.upstream, a) is not None)
    return tuple(dict.fromkeys(carried))


def hosts_of(config: Config) -> Mapping[str, str]:
    """Return the host of each upstream that has one, by the upstream's name."""
    return {one.name: one.host for one in config.upstream if not isinstance(one, Maildir)}


@dataclass(frozen=True, slots=True)
class Failures:
    """The mails about failures of one gateway."""

    post: Post
    digests: Digests

    def tell(self, failure: Failure, kind: Kind, whom: tuple[Address, ...], now: float) -> bool:
        """Tell of a failure by a mail of its own, or have it wait for the digest; tell whether it waits.

        Raises OSError and sqlite3.Error; then it is told later.
        """
        about, desk = failure.job.id, Desk(failure.job.origin, whom)
        own_id = notice_id(about)
        if self.digests.is_waiting(about):
            return True
        if self.post.has(own_id):
            return False
        singles = told_singly([(Kind(one), at) for one, at in self.digests.singles(desk)], now)
        until = waits_until(singles, kind)
        if until is not None:
            self.digests.wait(desk, Waiting(about, kind, line_of(failure)), until)
            return True
        hosts = hosts_of(self.post.config)
        self.post.put(own_id, about, whom, lambda head: notice.compose(failure, head, hosts), _date(now))
        self.digests.note_single(desk, kind, now, is_first=not singles)
        return False

    def tell_of_held(self, held: Failure, time: int, whom: tuple[Address, ...], now: float) -> None:
        """Tell that a job is held for the first, second, … time. Raises OSError and sqlite3.Error; then later."""
        own_id = held_notice_id(held.job.id, time)
        if not self.post.has(own_id):
            self.post.put(own_id, held.job.id, whom, lambda head: held_letter.compose(held, head), _date(now))

    def send_digests(self, now: float) -> int:
        """Make the digests that are due; return how many. What keeps one from being made is raised after the others."""
        made, faults = 0, list[Exception]()
        for mail, desk in self._due(now):
            try:
                made += self._send(mail, desk, now)
            except (sqlite3.Error, JournalError):
                raise
            except Exception as error:  # noqa: BLE001  a disk that is full, or a fault of ours: as long as that lasts
                faults.append(error)
        if faults:
            raise faults[0]
        return made

    def _due(self, now: float) -> Iterator[tuple[JobId, Desk]]:
        yield from self.digests.begun()  # cut short by a stop
        for desk, until in self.digests.waits():
            if is_due(until, now):
                mail = notice_id(self.digests.first(desk))
                counted = [(kind, NAMED[kind] if kind is Kind.SCAN else COUNTED) for kind in Kind]
                self.digests.begin(desk, mail, counted, now + HOUR_S)
                yield mail, desk

    def _send(self, mail: JobId, desk: Desk, now: float) -> bool:
        is_new = not self.post.has(mail)
        if is_new:
            heaps = {kind: Heap(*self.digests.lines(mail, kind, NAMED[kind])) for kind in Kind}
            # Admins of now too: those of an hour ago may have left, and nobody hears of a notice that cannot be sent.
            config = self.post.config
            whom = tuple(dict.fromkeys((*desk.whom, *reachable(config, config.gateway.admin))))
            self.post.put(mail, desk.place, whom, lambda head: compose_digest(desk.place, heaps, head), _date(now))
            count = sum(heap.count for heap in heaps.values())
            log(Event.NOTICE_DIGEST, mail, origin=desk.place, failures=count, told=",".join(whom))
        self.digests.end(mail)
        return is_new


def _date(now: float) -> datetime:
    return datetime.fromtimestamp(int(now), UTC)
