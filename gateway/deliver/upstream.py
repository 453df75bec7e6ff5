"""The methods: what each upstream of the configuration means on the wire, and which recipients go to which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, assert_never

from conf.carry import first_carrier
from conf.model import Address, ClientAuth, Config, DirectSend, Maildir, Relay, Upstream
from gateway.spool.job import JobId, is_notice_id

NOBODY: Final = Address("")
"""The null return path: MAIL FROM:<> (RFC 5321 section 4.5.5)."""

Groups = tuple[Mapping[str, tuple[Address, ...]], tuple[Address, ...]]
"""Recipients by the name of their upstream, and those that no upstream may carry."""


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """AUTH LOGIN: what Exchange offers beside XOAUTH2; PLAIN it refuses."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenLogin:
    """AUTH XOAUTH2 as a mailbox, with an access token fetched for the application."""

    username: str
    settings: ClientAuth = field(repr=False)


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


def route_of(upstream: ClientAuth | DirectSend | Relay) -> Route:
    """Return the route of one configured upstream; secrets were resolved when the configuration was loaded."""
    login: PasswordLogin | TokenLogin | None = None
    certificate: tuple[Path, Path] | None = None
    per_day: int | None = None
    match upstream:
        case ClientAuth(auth="password", password=password):
            login = PasswordLogin(upstream.username, "" if password is None else password.get_secret_value())
            per_day = upstream.recipients_per_day
        case ClientAuth():
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
        case ClientAuth() | DirectSend() | Relay():
            return sender
        case _:
            assert_never(upstream)


def assign(config: Config, recipients: Iterable[Address], passed_over: frozenset[str] = frozenset()) -> Groups:
    """Return (upstream name to its recipients, recipients nobody may carry), all in the order given.

    Each recipient goes to the first upstream, in order of preference, that may carry it; and to no other. One that is
    ``passed_over`` is so only for recipients whom another may carry.
    """
    preferred = [one for one in config.upstream if one.name not in passed_over]
    groups: dict[str, tuple[Address, ...]] = {}
    stranded: list[Address] = []
    for recipient in recipients:
        carrier: Upstream | None = first_carrier(preferred, recipient) or first_carrier(config.upstream, recipient)
        if carrier is None:
            stranded.append(recipient)
        else:
            groups[carrier.name] = (*groups.get(carrier.name, ()), recipient)
    return groups, tuple(stranded)


def maildir_of(config: Config, name: str) -> Maildir | None:
    """Return the maildir upstream of this name; None when the upstream is reached over the network."""
    return next((u for u in config.upstream if isinstance(u, Maildir) and u.name == name), None)
