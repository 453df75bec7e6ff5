"""One ``[[smtp]]``: a port for devices that send mail themselves, and what devices of one kind may do there.

Several tables may name the same port when their clients differ: then each is the rule for its own devices.
"""

from typing import Literal

from conf.declare import Rule, key, table
from conf.makers import PROFILES, Maker
from conf.spelling import (
    Bytes,
    Count,
    DevicePassword,
    DomainOrAddress,
    FilePath,
    Listen,
    Network,
    Seconds,
    Switch,
    TableName,
    Word,
)


@table
class Smtp:
    """A listener for devices that send mail themselves: who may connect, how the device speaks, what it may send."""

    name: TableName = key(
        default="smtp", description="how status, log and mail call it; no two shares or listeners share a name"
    )
    listen: Listen = key(description="address and port; tables with other clients may name the same")
    clients: tuple[Network, ...] = key(
        min_length=1, description="addresses or networks that may connect: never an open relay"
    )
    recipients: tuple[DomainOrAddress, ...] = key(min_length=1, description="domains or addresses a device may name")
    senders: tuple[DomainOrAddress, ...] = key(
        default=(), description="domains or addresses that a device may name as its own; empty: anything"
    )
    profile: Maker = key(default="standard", description="the maker of the devices, and so how they speak")
    bare_lf: Switch = key(
        default_factory=lambda above: PROFILES[above["profile"]].is_bare_lf,
        description="lines, and the message, may end with LF alone; given here, it goes before the profile's",
    )
    tls: Literal["off", "starttls", "implicit"] = key(
        default="off", description="between device and box: none, offered, or from the first byte (port 465)"
    )
    legacy_tls: Switch = key(default=False, description="TLS 1.0 and 1.1 too, here on the LAN side only")
    certificate_file: FilePath | None = key(
        default=None, description="PEM certificate shown to devices; without it the box makes its own"
    )
    key_file: FilePath | None = key(default=None, description="PEM private key of certificate_file, or credential:NAME")
    login: Literal["off", "any", "optional", "required"] = key(
        default="off", description='"any" takes every login, for devices that insist on one'
    )
    user: Word | None = key(default=None, description="what the device logs in as")
    password: DevicePassword | None = key(default=None, description="of that login; better in password_file")
    password_file: FilePath | None = key(default=None, description="file that holds the password, or credential:NAME")
    message_limit: Bytes = key(default=150_000_000, ge=10_000, description="largest message a device may send")
    connections: Count = key(default=20, ge=1, le=1000, description="at once, all clients together")
    client_connections: Count = key(default=4, ge=1, le=1000, description="at once, of one client")
    client_messages: Count = key(default=60, ge=1, le=100_000, description="a minute, of one client")
    pause: Seconds = key(
        default=60.0, ge=0, le=86400, description="a client that fails again and again is not heard so long"
    )
    repeats: Seconds = key(
        default=0.0, ge=0, le=86400, description="the same mail of a client within this time is taken once; 0s: never"
    )
    other_parts: Literal["refuse", "pass"] = key(
        default="refuse", description="what is attached and no scan: left out, which the mail says, or passed"
    )
    reports: Switch = key(default=False, description="a mail without a scan is passed as text: a device's report")

    @Rule
    def _login_is_complete(self) -> None:
        has_password = self.password is not None or self.password_file is not None
        if self.login in {"optional", "required"} and (self.user is None or not has_password):
            raise ValueError(f'login = "{self.login}" needs user and password_file (or password)')

    @Rule
    def _certificate_is_complete(self) -> None:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together: set both or neither")
