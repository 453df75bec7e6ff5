"""Rules across tables: what no single table can know is wrong or doubtful.

A rule speaks only when every table it needs is right in itself, so that nobody reads about one mistake twice.
Paths are compared as written, absolute and normalised: links are not followed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

from conf import units
from conf.addressing import addressing
from conf.batching import batching
from conf.carry import domain_of, may_carry, may_carry_domain, out_of_reach
from conf.check_login import login_findings, size_findings
from conf.check_samba import samba_findings
from conf.check_smtp import listening
from conf.check_upstreams import upstream_findings
from conf.finding import Finding
from conf.lines import KeyPath
from conf.model import (
    Address,
    ClientAuth,
    Delivery,
    DirectSend,
    Gateway,
    HighVolume,
    Maildir,
    Pdf,
    Relay,
    Samba,
    Sender,
    Share,
    Smtp,
    Upstream,
)

Upstreams = tuple[Upstream, ...]

_RANK: Final = {"client-auth": 1, "high-volume": 1, "direct-send": 2, "relay": 3}
_RECOMMENDED: Final = "client-auth, direct-send, relay"


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that are right in themselves; None stands for one that is not."""

    gateway: Gateway | None
    sender: Sender | None
    upstream: Upstreams | None
    share: tuple[Share, ...] | None
    smtp: tuple[Smtp, ...] | None
    samba: Samba | None
    delivery: Delivery | None
    pdf: Pdf | None = None


def check(tables: Tables) -> tuple[Finding, ...]:
    """Return what is wrong or doubtful across tables: all of it, mistakes and warnings, by rule."""
    return tuple(_findings(tables))


def _findings(tables: Tables) -> Iterator[Finding]:
    upstream, share, smtp = tables.upstream, tables.share, tables.smtp
    if upstream is not None:
        yield from _upstreams(upstream)
        yield from upstream_findings(upstream, tables.sender, tables.delivery)
    if upstream is not None and tables.sender is not None:
        yield from _sender_may_send(tables.sender, upstream)
    if upstream is not None and tables.gateway is not None:
        yield from _admin(tables.gateway, upstream)
    if upstream is not None and tables.pdf is not None:
        yield from size_findings(upstream, tables.pdf)
    if share is not None and smtp is not None:
        yield from _ways_in(share, smtp)
    if share is not None:
        yield from _shares(share, upstream)
        yield from _shares_apart(share, tables.gateway, upstream or ())
        yield from samba_findings(share, tables.samba, tables.gateway)
    if smtp is not None:
        yield from listening(smtp)
    if smtp is not None and upstream is not None:
        yield from _recipients(smtp, upstream)
    if tables.delivery is not None:
        yield from _retries(tables.delivery)


def _upstreams(upstreams: Upstreams) -> Iterator[Finding]:
    yield from _unique([(("upstream", index, "name"), one.name) for index, one in enumerate(upstreams)])
    for index, one in enumerate(upstreams):
        before = {_RANK[earlier.method] for earlier in upstreams[:index] if not isinstance(earlier, Maildir)}
        if not isinstance(one, Maildir) and max(before, default=0) > _RANK[one.method]:
            yield _order_warning(index, one.method, max(before))
        match one:
            case ClientAuth() | HighVolume():
                yield from login_findings(one, index)
            case Maildir() if index + 1 < len(upstreams):
                what = "takes every mail, so nothing is left for the upstreams after it: put maildir last"
                yield Finding(("upstream", index, "method"), what, is_warning=True)
            case _:
                pass


def _order_warning(index: int, method: str, worse: int) -> Finding:
    other = next(name for name, rank in _RANK.items() if rank == worse)
    what = (
        f'"{method}" is method {_RANK[method]} and stands after "{other}", method {worse}: '
        f"the recommended order is {_RECOMMENDED}"
    )
    return Finding(("upstream", index, "method"), what, is_warning=True)


def _sender_may_send(sender: Sender, upstreams: Upstreams) -> Iterator[Finding]:
    for index, one in enumerate(upstreams):
        match one:
            case ClientAuth() | HighVolume() if sender.address.lower() != one.username.lower():
                what = (
                    f"is not {sender.address}, the From of every mail: Exchange refuses that "
                    "unless the mailbox has Send As on it"
                )
                yield Finding(("upstream", index, "username"), what, is_warning=True)
            case DirectSend() if domain_of(sender.address) not in one.domains:
                what = (
                    f'is outside the domains of upstream "{one.name}": Exchange may refuse a sender '
                    "that is not the organisation's own"
                )
                yield Finding(("sender", "address"), what, is_warning=True)
            case ClientAuth() | HighVolume() | DirectSend() | Relay() | Maildir():
                pass


def _admin(gateway: Gateway, upstreams: Upstreams) -> Iterator[Finding]:
    yield from _carried(gateway.admin, ("gateway", "admin"), upstreams)
    if not gateway.admin and not all(isinstance(one, Maildir) for one in upstreams):
        what = "is empty: when a scan fails, only its share, the sender of its mail or its recipients are told"
        yield Finding(("gateway", "admin"), what, is_warning=True)


def _carried(recipients: tuple[Address, ...], at: KeyPath, upstreams: Upstreams) -> Iterator[Finding]:
    for index, recipient in enumerate(recipients):
        if not any(may_carry(one, recipient) for one in upstreams):
            yield Finding((*at, index), out_of_reach(domain_of(recipient), upstreams))


def _shares_apart(shares: tuple[Share, ...], gateway: Gateway | None, upstreams: Upstreams) -> Iterator[Finding]:
    for (_, first), (index, second) in combinations(enumerate(shares), 2):
        if _overlap(first.path, second.path):
            what = f'overlaps the folder of share "{first.name}": each share needs a folder of its own'
            yield Finding(("share", index, "path"), what)
    for index, share in enumerate(shares):
        at: KeyPath = ("share", index, "path")
        if gateway is not None and _overlap(share.path, gateway.state):
            yield Finding(at, f"overlaps [gateway] state ({gateway.state}): keep what is dropped apart from the spool")
        for upstream in upstreams:
            if isinstance(upstream, Maildir) and _overlap(share.path, upstream.path):
                yield Finding(at, f'overlaps the Maildir of upstream "{upstream.name}": mails would be taken for scans')


def _overlap(one: Path, two: Path) -> bool:
    return one.is_relative_to(two) or two.is_relative_to(one)


def _ways_in(shares: tuple[Share, ...], listeners: tuple[Smtp, ...]) -> Iterator[Finding]:
    if not shares and not listeners:
        yield Finding((), "has no way in: add a [[share]] or an [[smtp]]")
    named: list[tuple[KeyPath, str]] = [(("share", index, "name"), share.name) for index, share in enumerate(shares)]
    named += [(("smtp", index, "name"), listener.name) for index, listener in enumerate(listeners)]
    yield from _unique(named)


def _unique(named: list[tuple[KeyPath, str]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for at, name in named:
        if name in seen:
            yield Finding(at, f'is "{name}" for the second time: give each its own name')
        seen.add(name)


def _shares(shares: tuple[Share, ...], upstreams: Upstreams | None) -> Iterator[Finding]:
    for index, share in enumerate(shares):
        yield from addressing(share, ("share", index))
        yield from batching(share, ("share", index))
        if upstreams is not None:
            yield from _reached(share.recipients, ("share", index, "recipients"), upstreams)
            yield from _carried(share.to or (), ("share", index, "to"), upstreams)
        if share.incomplete_timeout <= share.quiet:
            quiet = units.written_seconds(share.quiet)
            what = f"must be longer than quiet ({quiet}): a file cannot fail before it could be finished"
            yield Finding(("share", index, "incomplete_timeout"), what)


def _recipients(listeners: tuple[Smtp, ...], upstreams: Upstreams) -> Iterator[Finding]:
    for index, listener in enumerate(listeners):
        yield from _reached(listener.recipients, ("smtp", index, "recipients"), upstreams)


def _reached(recipients: tuple[str, ...], at: KeyPath, upstreams: Upstreams) -> Iterator[Finding]:
    for item, recipient in enumerate(recipients):
        domain = domain_of(Address(recipient))  # of a domain: itself
        if not any(may_carry_domain(one, domain) for one in upstreams):
            yield Finding((*at, item), out_of_reach(domain, upstreams))


def _retries(delivery: Delivery) -> Iterator[Finding]:
    first, longest, lifetime = delivery.first_retry, delivery.longest_retry, delivery.lifetime
    if first > longest:
        what = f"must be at least first_retry ({units.written_seconds(first)})"
        yield Finding(("delivery", "longest_retry"), what)
    if lifetime <= first:
        what = f"must be longer than first_retry ({units.written_seconds(first)}), or nothing is ever tried again"
        yield Finding(("delivery", "lifetime"), what)
