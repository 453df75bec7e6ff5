"""Every table that can be set, as a frozen model: defaults, units, limits, and what each key is for.

A default is written here and nowhere else. Durations are held in seconds and sizes in bytes; the TOML writes them with
their unit (``conf.units``). Limits of Office 365: Exchange Online limits, "Message storage and concurrent connection
throttling for SMTP Authenticated Submission" (Microsoft, read 2026-11).
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Literal, NewType, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from conf import units

Address = NewType("Address", str)
Domain = NewType("Domain", str)

_LOCAL: Final = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_LABELS: Final = r"(?=.{1,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
_ADDRESS: Final = re.compile(rf"{_LOCAL}@{_LABELS}")
_DOMAIN: Final = re.compile(_LABELS)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_HOST_PORT: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:]+\]|[^:\[\]]+):(?P<port>\d{1,5})")


def is_address(text: str) -> bool:
    """Tell whether text is one plain mailbox address (RFC 5321 section 4.1.2, dot-atom local part, ASCII)."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text and not text.startswith(".") and ".@" not in text


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError('must be one e-mail address such as "office@contoso.com"')
    return text


def _domain(text: str) -> str:
    if _DOMAIN.fullmatch(text) is None:
        raise ValueError('must be a domain such as "contoso.com"')
    return text.lower()


def _domain_or_address(text: str) -> str:
    if "@" in text:
        return _address(text)
    return _domain(text)


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise ValueError("must be 1 to 32 of a-z, 0-9, - and _, and start with a letter or digit")
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError('must be an IP address or network such as "192.168.1.40" or "192.168.1.0/24"') from None
    return text


def _listen(text: str) -> str:
    found = _HOST_PORT.fullmatch(text)
    if found is None or int(found["port"]) > 65535:  # noqa: PLR2004  the largest TCP port
        raise ValueError('must be "address:port", such as "0.0.0.0:25" or "[::]:25"')
    return text


_MailAddress = Annotated[Address, AfterValidator(_address)]
_MailDomain = Annotated[Domain, AfterValidator(_domain)]
_DomainOrAddress = Annotated[str, AfterValidator(_domain_or_address)]
_HostName = Annotated[str, AfterValidator(_domain)]
_TableName = Annotated[str, AfterValidator(_name)]
_Network = Annotated[str, AfterValidator(_network)]
_Listen = Annotated[str, AfterValidator(_listen)]
_Seconds = Annotated[float, BeforeValidator(units.seconds)]
_Bytes = Annotated[int, BeforeValidator(units.size_bytes)]
_Port = Annotated[int, Field(ge=1, le=65535)]

_FROZEN: Final = ConfigDict(frozen=True, extra="forbid", strict=False, validate_default=False, hide_input_in_errors=True)


class Gateway(BaseModel):
    """The box itself."""

    model_config = _FROZEN

    name: _HostName = Field(default="scangate", description="EHLO name, and the name in notices")
    state: Path = Field(default=Path("/var/lib/scangate"), description="spool and journal, one local file system")
    admin: tuple[_MailAddress, ...] = Field(default=(), description="told when something needs a person")
    free_space: _Bytes = Field(default=200_000_000, description="below this much free space no scan is accepted")


class Sender(BaseModel):
    """Who the mails are from."""

    model_config = _FROZEN

    address: _MailAddress = Field(description="From of every mail, and its envelope sender")
    name: str = Field(default="", max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$", description="shown beside the address")


class ClientAuth(BaseModel):
    """Method 1, recommended: SMTP client submission, authenticated as a licensed mailbox; recipients anywhere."""

    model_config = _FROZEN

    method: Literal["client-auth"]
    name: _TableName = Field(default="client-auth", description="how status and log call it")
    host: _HostName = Field(default="smtp.office365.com", description="other only in a sovereign cloud")
    port: _Port = Field(default=587, description="port 587 always means STARTTLS here")
    ca_file: Path | None = Field(default=None, description="trust only these authorities, not the system's")
    username: _MailAddress = Field(description="the mailbox; also the From unless it may send as another")
    auth: Literal["oauth-app", "password"] = Field(default="oauth-app", description="password is legacy: Microsoft turns it off")
    password: SecretStr | None = Field(default=None, description="better in password_file")
    password_file: Path | None = Field(default=None, description="file that holds the password, or credential:NAME")
    tenant: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]+$", description="tenant id or its onmicrosoft.com domain")
    client_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]+$", description="application (client) id")
    client_secret: SecretStr | None = Field(default=None, description="better in client_secret_file")
    client_secret_file: Path | None = Field(default=None, description="file that holds the secret, or credential:NAME")
    certificate_file: Path | None = Field(default=None, description="PEM certificate of the application, instead of a secret")
    key_file: Path | None = Field(default=None, description="PEM private key of certificate_file")
    authority: str = Field(
        default="https://login.microsoftonline.com", pattern=r"^https://[^\s?#]+$", description="other only in a sovereign cloud"
    )
    scope: str = Field(default="https://outlook.office365.com/.default", description="other only in a sovereign cloud")
    connections: int = Field(default=2, ge=1, le=3, description="at once; Exchange admits 3 a mailbox, all devices together")
    messages_per_minute: int = Field(default=25, ge=1, le=30, description="Exchange admits 30 a mailbox")
    recipients_per_day: int = Field(default=10_000, ge=1, le=10_000, description="in any 24 hours; Exchange admits 10,000")

    @model_validator(mode="after")
    def _login_is_complete(self) -> Self:
        if self.auth == "password" and not (self.password or self.password_file):
            raise ValueError('auth = "password" needs password_file (or password)')
        if self.auth == "oauth-app":
            missing = [key for key in ("tenant", "client_id") if getattr(self, key) is None]
            if missing:
                raise ValueError(f'auth = "oauth-app" needs {" and ".join(missing)}')
            by_certificate = self.certificate_file is not None and self.key_file is not None
            if not (self.client_secret or self.client_secret_file or by_certificate):
                raise ValueError('auth = "oauth-app" needs client_secret_file, or certificate_file and key_file')
        return self


class DirectSend(BaseModel):
    """Method 2: the tenant's MX endpoint without login; recipients inside the organisation only; public IP in SPF."""

    model_config = _FROZEN

    method: Literal["direct-send"]
    name: _TableName = Field(default="direct-send", description="how status and log call it")
    host: _HostName = Field(description="the tenant's MX endpoint; never guessed from the domain")
    port: _Port = Field(default=25, description="Exchange listens on 25 only")
    ca_file: Path | None = Field(default=None, description="trust only these authorities, not the system's")
    domains: tuple[_MailDomain, ...] = Field(min_length=1, description="only recipients in these may be carried")
    connections: int = Field(default=2, ge=1, le=10, description="at once")
    messages_per_minute: int = Field(default=60, ge=1, le=1000, description="no published limit; sudden volume is throttled")


class Relay(BaseModel):
    """Method 3: the tenant's MX endpoint with an inbound connector, by public IP or client certificate; recipients anywhere."""

    model_config = _FROZEN

    method: Literal["relay"]
    name: _TableName = Field(default="relay", description="how status and log call it")
    host: _HostName = Field(description="the tenant's MX endpoint; never guessed from the domain")
    port: _Port = Field(default=25, description="Exchange listens on 25 only")
    ca_file: Path | None = Field(default=None, description="trust only these authorities, not the system's")
    certificate_file: Path | None = Field(default=None, description="PEM client certificate the connector knows; without it: by IP")
    key_file: Path | None = Field(default=None, description="PEM private key of certificate_file")
    connections: int = Field(default=2, ge=1, le=10, description="at once")
    messages_per_minute: int = Field(default=60, ge=1, le=1000, description="no published limit; sudden volume is throttled")

    @model_validator(mode="after")
    def _certificate_has_key(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together")
        return self


class Maildir(BaseModel):
    """No network: each finished mail is written into a Maildir. For a first run, a dry run and tests."""

    model_config = _FROZEN

    method: Literal["maildir"]
    name: _TableName = Field(default="maildir", description="how status and log call it")
    path: Path = Field(description="the Maildir; made when missing")


Upstream = Annotated[ClientAuth | DirectSend | Relay | Maildir, Field(discriminator="method")]


class Share(BaseModel):
    """A hot folder: what is dropped there goes to fixed recipients."""

    model_config = _FROZEN

    name: _TableName = Field(description="how status, log and mail call it")
    path: Path = Field(description="the folder; on the same file system as [gateway] state")
    to: tuple[_MailAddress, ...] = Field(min_length=1, max_length=100, description="who gets what is dropped here")
    quiet: _Seconds = Field(default=5.0, ge=0.1, le=300, description="untouched this long before it can be finished; 15s for page-append")
    incomplete_timeout: _Seconds = Field(default=600.0, ge=1, description="a broken file waits this long for its retry, then fails")


class Smtp(BaseModel):
    """A listener for devices that send mail themselves, plain and without login."""

    model_config = _FROZEN

    name: _TableName = Field(default="smtp", description="how status, log and mail call it")
    listen: _Listen = Field(description="address and port")
    clients: tuple[_Network, ...] = Field(min_length=1, description="addresses or networks that may connect: never an open relay")
    recipients: tuple[_DomainOrAddress, ...] = Field(min_length=1, description="domains or addresses a device may name")
    message_limit: _Bytes = Field(default=150_000_000, ge=10_000, description="largest message a device may send")
    connections: int = Field(default=20, ge=1, le=1000, description="at once, all clients together")


class Pdf(BaseModel):
    """How scans become one PDF."""

    model_config = _FROZEN

    mail_limit: _Bytes = Field(default=25_000_000, ge=100_000, description="encoded size a mail may reach; a larger scan fails, and says so")
    colour: Literal["jpeg", "lossless"] = Field(default="jpeg", description="for colour that came uncompressed or LZW; JPEG data is never touched")
    jpeg_quality: int = Field(default=80, ge=30, le=95, description="of colour that has to be encoded")
    pages: int = Field(default=2000, ge=1, le=20_000, description="most pages a scan may have")
    memory: _Bytes = Field(default=700_000_000, ge=200_000_000, description="most address space the converter may use")
    timeout: _Seconds = Field(default=300.0, ge=1, description="longest a conversion may take")


class Delivery(BaseModel):
    """When to try again, and when to give up."""

    model_config = _FROZEN

    lifetime: _Seconds = Field(default=5 * 86400.0, ge=60, description="a scan not delivered by then fails, and its sender is told")
    first_retry: _Seconds = Field(default=30.0, ge=0.1, description="after the first deferral; doubles from there")
    longest_retry: _Seconds = Field(default=900.0, ge=0.1, description="the interval stops growing here")


class Log(BaseModel):
    """How the log is written, always to stderr."""

    model_config = _FROZEN

    format: Literal["text", "json"] = Field(default="text", description="key=value, or one JSON object a line")


class Config(BaseModel):
    """The whole configuration. Upstreams stand in order of preference."""

    model_config = _FROZEN

    gateway: Gateway = Field(default_factory=Gateway)
    sender: Sender
    upstream: tuple[Upstream, ...] = Field(min_length=1)
    share: tuple[Share, ...] = ()
    smtp: tuple[Smtp, ...] = ()
    pdf: Pdf = Field(default_factory=Pdf)
    delivery: Delivery = Field(default_factory=Delivery)
    log: Log = Field(default_factory=Log)
