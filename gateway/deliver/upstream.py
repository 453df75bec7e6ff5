"""The methods: what each upstream of the configuration means on the wire, and which recipients go to which."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, assert_never

from conf.carry import carriers, domain_of, first_carrier
from conf.model import Address, ClientAuth, Config, DirectSend, HighVolume, Maildir, Relay, Submission, Upstream
from conf.upstreams import Family
from gateway.spool.job import JobId, is_notice_id

NOBODY: Final = Address("")
"""The null return path: MAIL FROM:<> (RFC 5321 section 4.5.5)."""


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """AUTH LOGIN: what Exchange offers beside XOAUTH2; PLAIN it refuses."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenLogin:
    """AUTH XOAUTH2 as a mailbox, with an access token for the application or for the person who signed in."""

    username: str
    settings: Submission = field(repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """One upstream as the session sees it: whom to reach, how to be known, and its limits."""

    name: str
    host: str
    port: int
    login: PasswordLogin | TokenLogin | None
    ca_file: Path | None
    certificate: tuple[Path, Path] | None
    connections: int
    per_minute: int
    per_day: int | None
    may_be_binary: bool = False
    ramp_up: bool = False
    family: Family = "any"


def route_of(upstream: Submission | DirectSend | Relay) -> Route:
    """Return the route of one configured upstream; secrets were resolved when the configuration was loaded."""
    login: PasswordLogin | TokenLogin | None = None
    certificate: tuple[Path, Path] | None = None
    per_day: int | None = None
    match upstream:
        case ClientAuth(auth="password", password=password) | HighVolume(auth="password", password=password):
            login = PasswordLogin(upstream.username, "" if password is None else password.get_secret_value())
            per_day = upstream.recipients_per_day
        case ClientAuth() | HighVolume():
            login = TokenLogin(upstream.username, upstream)
            per_day = upstream.recipients_per_day
        case Relay(certificate_file=Path() as shown, key_file=Path() as key):
            certificate = (shown, key)
        case Relay() | DirectSend():
            pass
        case _:
            assert_never(upstream)
    return Route(
        name=upstream.name,
        host=upstream.host,
        port=upstream.port,
        login=login,
        ca_file=upstream.ca_file,
        certificate=certificate,
        connections=upstream.connections,
        per_minute=upstream.messages_per_minute,
        per_day=per_day,
        may_be_binary=upstream.binary,
        ramp_up=isinstance(upstream, DirectSend | Relay) and upstream.ramp_up,
        family=upstream.address_family,
    )


def return_path(upstream: Upstream, sender: Address, job_id: JobId) -> Address:
    """Return what MAIL FROM names for a job: the sender; for a notice nobody where the upstream carries that.

    RFC 3464 section 2 wants nobody there. Client submission takes its own mailbox alone, a connector by IP wants a
    domain of the tenant ("Updated requirements for SMTP relay", Microsoft, read 2026-11). On Direct Send SPF would be
    asked of the EHLO name (RFC 7208 section 2.4), for which hardly anybody publishes one: the notice would end as
    junk. A connector by certificate carries it.
    """
    if not is_notice_id(job_id):
        return sender
    match upstream:
        case Relay(certificate_file=Path()) | Maildir():
            return NOBODY
        case ClientAuth() | HighVolume() | DirectSend() | Relay():
            return sender
        case _:
            assert_never(upstream)


def assign(
    config: Config,
    recipients: Iterable[Address],
    paused: Mapping[str, float] = MappingProxyType({}),
    bound: Mapping[Address, str] = MappingProxyType({}),
) -> tuple[Mapping[str, tuple[Address, ...]], tuple[Address, ...]]:
    """Return (upstream name to its recipients, recipients nobody may carry), all in the order given.

    Each recipient goes to the first upstream, in order of preference, that may carry it; and to no other. ``paused``
    holds until when (seconds since 1970) upstreams rest: they are passed over for those recipients
    that another may carry; when all of them rest, for the one that ends its rest first. ``bound`` are recipients that
    may have got the mail through an upstream already: they stay with that one, whatever its state.
    """
    groups: dict[str, tuple[Address, ...]] = {}
    stranded: list[Address] = []
    for recipient in recipients:
        able = _carriers(config, recipient)
        if not able:
            stranded.append(recipient)
            continue
        carrier = bound.get(recipient, "")
        if carrier not in able:
            # The first of those that are equal.
            carrier = min(able, key=lambda name: paused.get(name, 0.0))
        groups[carrier] = (*groups.get(carrier, ()), recipient)
    return groups, tuple(stranded)


def passed_over(config: Config, groups: Mapping[str, Sequence[Address]]) -> Mapping[tuple[str, str], int]:
    """Return (upstream that was passed over, upstream that carries instead) to how many recipients."""
    counts: Counter[tuple[str, str]] = Counter()
    for name, recipients in groups.items():
        first = [first_carrier(config.upstream, recipient) for recipient in recipients]
        counts.update((carrier.name, name) for carrier in first if carrier is not None and carrier.name != name)
    return counts


def free_at(config: Config, recipients: Iterable[Address], paused: Mapping[str, float]) -> float:
    """Return when (seconds since 1970) each of these recipients has an upstream that does not rest; 0 for now."""
    return max((min(paused.get(name, 0.0) for name in _carriers(config, who)) for who in recipients), default=0.0)


def _carriers(config: Config, recipient: Address) -> list[str]:
    return [one.name for one in carriers(config.upstream, domain_of(recipient))]


def maildir_of(config: Config, name: str) -> Maildir | None:
    """Return the maildir upstream of this name; None when the upstream is reached over the network."""
    return next((u for u in config.upstream if isinstance(u, Maildir) and u.name == name), None)
