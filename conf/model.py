"""Every table that can be set, as a frozen model: defaults, units, limits, and what each key is for.

A default is written here (or in ``conf.upstreams``) and nowhere else. Durations are held in seconds and sizes in bytes;
the TOML writes them with their unit (``conf.units``).
"""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field

from conf.pdf import Pdf
from conf.spelling import (
    Address,
    Bytes,
    Count,
    Domain,
    DomainOrAddress,
    FilePath,
    HostName,
    Line,
    Listen,
    MailAddress,
    Network,
    Seconds,
    TableName,
    is_address,
    is_ip,
    listen_address,
)
from conf.upstreams import ClientAuth, DirectSend, Maildir, Relay, Upstream

__all__ = [
    "QUIET_S",
    "Address",
    "ClientAuth",
    "Config",
    "Delivery",
    "DirectSend",
    "Domain",
    "Gateway",
    "Log",
    "Maildir",
    "Pdf",
    "Relay",
    "Sender",
    "Share",
    "Smtp",
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


class Gateway(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """The box itself."""

    name: HostName = Field(default="scangate", description="EHLO name, and the name in notices; best a full host name")
    state: FilePath = Field(default=Path("/var/lib/scangate"), description="spool and journal, one local file system")
    admin: tuple[MailAddress, ...] = Field(default=(), description="told when a scan could not be delivered")
    free_space: Bytes = Field(default=200_000_000, description="below this much free space no scan is accepted")


class Sender(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """Who the mails are from."""

    address: MailAddress = Field(description="From of every mail, and its envelope sender")
    name: Line = Field(default="", max_length=128, description="shown beside the address")


class Share(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """A hot folder: what is dropped there goes to fixed recipients."""

    name: TableName = Field(description="how status, log and mail call it; no two shares or listeners share a name")
    path: FilePath = Field(description="the folder; on the same file system as [gateway] state")
    to: tuple[MailAddress, ...] = Field(min_length=1, max_length=100, description="who gets what is dropped here")
    profile: Literal["fast", "standard", "page-append"] = Field(
        default="standard", description="how the device writes, and so how long its pauses may be"
    )
    quiet: Seconds = Field(
        default_factory=lambda above: QUIET_S[above.get("profile", "standard")],
        ge=0.1,
        le=300,
        description="a file untouched this long may be finished; given here, it goes before the profile's",
    )
    incomplete_timeout: Seconds = Field(
        default=600.0, ge=1, le=86400, description="a broken file waits this long for its retry, then fails"
    )


class Smtp(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """A listener for devices that send mail themselves, plain and without login."""

    name: TableName = Field(
        default="smtp", description="how status, log and mail call it; no two shares or listeners share a name"
    )
    listen: Listen = Field(description="address and port")
    clients: tuple[Network, ...] = Field(
        min_length=1, description="addresses or networks that may connect: never an open relay"
    )
    recipients: tuple[DomainOrAddress, ...] = Field(min_length=1, description="domains or addresses a device may name")
    message_limit: Bytes = Field(default=150_000_000, ge=10_000, description="largest message a device may send")
    connections: Count = Field(default=20, ge=1, le=1000, description="at once, all clients together")


class Delivery(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """When to try again, and when to give up."""

    lifetime: Seconds = Field(
        default=5 * 86400.0,
        ge=60,
        le=30 * 86400,
        description="a scan not delivered by then fails, and its sender is told",
    )
    first_retry: Seconds = Field(
        default=30.0, ge=0.1, le=86400, description="after the first deferral; doubles from there"
    )
    longest_retry: Seconds = Field(default=900.0, ge=0.1, le=86400, description="the interval stops growing here")


class Log(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """How the log is written, always to stderr."""

    format: Literal["text", "json"] = Field(default="text", description="key=value, or one JSON object a line")


class Config(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """The whole configuration. Upstreams stand in order of preference."""

    gateway: Gateway = Field(default_factory=Gateway)
    sender: Sender
    upstream: tuple[Upstream, ...] = Field(min_length=1)
    share: tuple[Share, ...] = ()
    smtp: tuple[Smtp, ...] = ()
    pdf: Pdf = Field(default_factory=Pdf)
    delivery: Delivery = Field(default_factory=Delivery)
    log: Log = Field(default_factory=Log)
