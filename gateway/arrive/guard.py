"""Who is let in at a port, and for how long a device is heard: limits and conduct put into replies and log lines."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, assert_never

from conf.model import Smtp
from gateway.arrive import policy
from gateway.arrive.conduct import Act, Conduct, act_of
from gateway.arrive.limits import Clients, Crowded, Failure, Paused, Welcome
from gateway.arrive.ration import Ration
from gateway.events import Event, log

_STRANGERS_LINES: Final = 100
_FAILURES: Final = {Act.LOGIN: Failure.LOGIN, Act.REFUSED: Failure.ADDRESS, Act.UNKNOWN: Failure.COMMAND}
_WELCOME: Final = "235"  # RFC 4954 section 4
_MORE: Final = "more like this are not logged for ten minutes"


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A connection that is not begun; the reply line says why."""

    reply: str


@dataclass(slots=True)
class Guard:
    """The guard of one port; ``clock`` is monotonic seconds."""

    rules: tuple[Smtp, ...]
    clock: Callable[[], float] = time.monotonic
    clients: Clients = field(default_factory=Clients)
    _open: Counter[str] = field(default_factory=Counter)
    _strangers: Ration = field(default_factory=lambda: Ration(_STRANGERS_LINES))

    def admit(self, peer: str) -> "Visit | TurnedAway":
        """Decide about a new connection from this address. A visit is to be left when the connection ends."""
        rule = policy.rule_of(self.rules, peer)
        if rule is None:
            return self._stranger(peer)
        visit = Visit(self, rule, peer, policy.counted_as(rule, peer))
        if self._open[rule.name] >= rule.connections:
            visit.tell("too many connections")
            return TurnedAway("421 4.7.0 Too many connections, try again later")
        admission = self.clients.connect(visit.client, rule.client_connections, self.clock())
        match admission:
            case Welcome(turned_away):
                if turned_away:
                    log(Event.SMTP_HEARD, client=visit.client, listener=rule.name, turned_away=turned_away)
                self._open[rule.name] += 1
                return visit
            case Crowded():
                visit.tell("too many connections of this client")
                return TurnedAway(f"421 4.7.0 More than client_connections of [[smtp]] {rule.name}, try again later")
            case Paused(left_s):
                return TurnedAway(f"421 4.7.0 Too many failures, try again in {left_s:.0f} seconds")
            case _:
                assert_never(admission)

    def leave(self, visit: "Visit") -> None:
        """Count a visit off."""
        self._open[visit.rule.name] -= 1
        self.clients.disconnect(visit.client)

    def _stranger(self, peer: str) -> TurnedAway:
        names = ", ".join(rule.name for rule in self.rules)
        left = self._strangers.take()
        if left > 0:
            more = _MORE if left == 1 else None
            log(Event.SMTP_REFUSED, client=peer, listener=names, reply="not in clients", more=more)
        return TurnedAway(f"554 5.7.1 {peer} is not in clients of [[smtp]] {names}")


@dataclass(slots=True)
class Visit:
    """One admitted connection: its rule, the ``address`` it comes from, and the ``client`` as which that counts."""

    guard: Guard
    rule: Smtp
    address: str
    client: str
    conduct: Conduct = field(default_factory=Conduct)
    _is_left: bool = False

    def begin_mail(self) -> str:
        """Count a mail that is begun; return the reply that refuses it, empty when it may go on."""
        most = self.rule.client_messages
        if self.guard.clients.message(self.client, most, self.guard.clock()):
            return ""
        self.tell("too many messages in a minute")
        return f"451 4.7.0 More than client_messages of [[smtp]] {self.rule.name} in a minute, try again later"

    def taken(self) -> None:
        """Note that a mail was taken."""
        self.conduct.taken()
        self.guard.clients.taken(self.client)

    def answered(self, reply: str) -> str:
        """Note a reply that goes out; return the farewell when the session ends with it, else nothing."""
        act = act_of(reply)
        now_s = self.guard.clock()
        if reply.startswith(_WELCOME):
            self.guard.clients.logged_in(self.client)
        failure = _FAILURES.get(act)
        if failure is not None:
            count = self.guard.clients.fail(self.client, failure, self.rule.pause, now_s)
            if count:
                reason = f"{count} {failure}"
                log(
                    Event.SMTP_PAUSED,
                    client=self.client,
                    listener=self.rule.name,
                    reason=reason,
                    pause_s=self.rule.pause,
                )
        if self.guard.clients.is_paused(self.client, now_s):
            return f"421 4.7.0 Too many failures, try again in {self.rule.pause:.0f} seconds"
        reason = self.conduct.note(act)
        if reason:
            self.tell(reason)
            return f"421 4.7.0 Closing: {reason}"
        return ""

    def tell(self, reason: str) -> None:
        """Log a refusal, as long as the client's ration of lines lasts."""
        left = self.guard.clients.line(self.client, self.guard.clock())
        if left > 0:
            more = _MORE if left == 1 else None
            log(Event.SMTP_REFUSED, client=self.address, listener=self.rule.name, reply=reason, more=more)

    def leave(self) -> None:
        """The connection has ended; further calls do nothing."""
        if not self._is_left:
            self._is_left = True
            self.guard.leave(self)
