"""Every table that can be set, as a frozen model: defaults, units, limits, and what each key is for.

A default is written here (or in ``conf.upstreams``) and nowhere else. Durations are held in seconds and sizes in bytes;
the TOML writes them with their unit (``conf.units``).
"""

from pathlib import Path
from typing import Final, Literal

from conf.declare import Rule, key, table
from conf.mail import Mail
from conf.pdf import Pdf
from conf.smtp import Smtp
from conf.spelling import (
    AccountName,
    Address,
    Bytes,
    DevicePassword,
    Domain,
    DomainOrAddress,
    FilePath,
    HostName,
    Interface,
    IpAddress,
    Line,
    MailAddress,
    MailDomain,
    Network,
    Seconds,
    Switch,
    TableName,
    Workgroup,
    is_address,
    is_ip,
    listen_address,
)
from conf.upstreams import ClientAuth, DirectSend, HighVolume, Maildir, Relay, Submission, Upstream

__all__ = [
    "QUIET_S",
    "Address",
    "ClientAuth",
    "Config",
    "Delivery",
    "DirectSend",
    "Domain",
    "Gateway",
    "HighVolume",
    "Log",
    "Mail",
    "Maildir",
    "Pdf",
    "Relay",
    "Samba",
    "Sender",
    "Share",
    "Smtp",
    "Submission",
    "Upstream",
    "is_address",
    "is_ip",
    "listen_address",
]


QUIET_S: Final = {"fast": 2.0, "standard": 5.0, "page-append": 15.0}
"""The quiet window of each device profile, in seconds.

Devices that close after each page re-open 0.2 to 4 s later (reports of Canon and Fujitsu users in the trackers of
paperless-ng and paperless-ngx): ``standard`` is above that, ``page-append`` for those whose pages come slower, or are
valid files by themselves; ``fast`` is for devices that write a scan in one go.
"""


@table
class Gateway:
    """The box itself."""

    name: HostName = key(default="scangate", description="EHLO name, and the name in notices; best a full host name")
    state: FilePath = key(default=Path("/var/lib/scangate"), description="spool and journal, one local file system")
    admin: tuple[MailAddress, ...] = key(default=(), description="told when a scan could not be delivered")
    free_space: Bytes = key(default=200_000_000, description="below this much free space no scan is accepted")


@table
class Sender:
    """Who the mails are from."""

    address: MailAddress = key(description="From of every mail, and its envelope sender")
    name: Line = key(default="", max_length=128, description="shown beside the address")


@table
class Share:
    """A hot folder: who gets what is dropped there is fixed, or said by a sub-folder's name or a sidecar."""

    name: TableName = key(description="how status, log and mail call it; no two shares or listeners share a name")
    path: FilePath = key(description="the folder; on the same file system as [gateway] state")
    to: tuple[MailAddress, ...] | None = key(
        default=None,
        min_length=1,
        max_length=100,
        description="who gets what is dropped at the top level without a sidecar",
    )
    folders: Literal["off", "address"] = key(
        default="off", description='"address": what is dropped into the sub-folder alice@contoso.com goes to her'
    )
    domain: MailDomain | None = key(
        default=None, description="of sub-folders that are named without one: alice for alice@ this domain"
    )
    sidecars: Switch = key(
        default=False, description="a .xml, .json or .txt of the scan's name says who gets it, and its subject"
    )
    sidecar_timeout: Seconds = key(
        default=30.0,
        ge=1,
        le=3600,
        description="a scan waits this long for its sidecar, and as far apart may the two arrive",
    )
    recipients: tuple[DomainOrAddress, ...] = key(
        default=(), description="domains or addresses that sub-folders and sidecars may name"
    )
    profile: Literal["fast", "standard", "page-append"] = key(
        default="standard", description="how the device writes, and so how long its pauses may be"
    )
    quiet: Seconds = key(
        default_factory=lambda above: QUIET_S[above["profile"]],
        ge=0.1,
        le=300,
        description="a file untouched this long may be finished; given here, it goes before the profile's",
    )
    incomplete_timeout: Seconds = key(
        default=600.0, ge=1, le=86400, description="a broken file waits this long for its retry, then fails"
    )
    batch: Literal["off", "sequence", "folder"] = key(
        default="off", description="which files are pages of one scan: none, numbered ones, those of a sub-folder"
    )
    page_gap: Seconds = key(
        default=20.0, ge=0.1, le=300, description="with batch: a scan is complete when no page came for this long"
    )
    failed_keep: Seconds = key(
        default=30 * 86400.0, ge=3600, le=3650 * 86400, description="a failed scan lies so long in _failed"
    )
    failed_room: Bytes = key(
        default=500_000_000, ge=0, description="failed scans take at most so much room there; the oldest go first"
    )
    user: AccountName | None = key(
        default=None, description="Samba account of the device; without it somebody else configures Samba"
    )
    password: DevicePassword | None = key(default=None, description="of the Samba account; better in password_file")
    password_file: FilePath | None = key(default=None, description="file that holds the password, or credential:NAME")
    clients: tuple[Network, ...] = key(default=(), description="addresses or networks that may use the share")
    legacy_smb1: Switch = key(
        default=False,
        description="for a device that knows SMB1 only: a second, isolated Samba on an address of its own",
    )

    @Rule
    def _account_is_complete(self) -> None:
        if self.user is not None and not (self.password or self.password_file):
            raise ValueError("user needs password_file (or password)")
        given = [key for key in ("password", "password_file", "clients", "legacy_smb1") if getattr(self, key)]
        if self.user is None and given:
            raise ValueError(f"{given[-1]} needs user, the Samba account of the device")


@table
class Samba:
    """The smbd that ``scangate samba-apply`` configures for every share with a user."""

    workgroup: Workgroup = key(default="WORKGROUP", description="what devices that ask for a domain are given")
    interfaces: tuple[Interface, ...] = key(
        default=(), max_length=16, description="addresses or interfaces to listen on; empty: all"
    )
    legacy_address: IpAddress | None = key(
        default=None, description="the address of the second smbd, for shares with legacy_smb1"
    )
    logs: FilePath = key(
        default=Path("/var/log/scangate-samba"), description="where smbd logs, and scangate reads who was refused"
    )


@table
class Delivery:
    """When to try again, and when to give up."""

    lifetime: Seconds = key(
        default=5 * 86400.0,
        ge=60,
        le=30 * 86400,
        description="a scan not delivered by then fails, and its sender is told",
    )
    first_retry: Seconds = key(
        default=30.0, ge=0.1, le=86400, description="after the first deferral; doubles from there"
    )
    longest_retry: Seconds = key(default=900.0, ge=0.1, le=86400, description="the interval stops growing here")
    on_uncertain: Literal["resend", "hold"] = key(
        default="resend", description="when a mail was sent and its reply got lost: send it again, or wait for a person"
    )
    fallback: Switch = key(
        default=False, description="while an upstream is paused, its recipients go to the next that may carry them"
    )


@table
class Log:
    """How the log is written, always to stderr."""

    format: Literal["text", "json"] = key(default="text", description="key=value, or one JSON object a line")


@table
class Config:
    """The whole configuration. Upstreams stand in order of preference."""

    gateway: Gateway = key(default=Gateway())
    sender: Sender
    upstream: tuple[Upstream, ...] = key(min_length=1)
    share: tuple[Share, ...] = ()
    smtp: tuple[Smtp, ...] = ()
    samba: Samba = key(default=Samba())
    pdf: Pdf = key(default=Pdf())
    mail: Mail = key(default=Mail())
    delivery: Delivery = key(default=Delivery())
    log: Log = key(default=Log())
