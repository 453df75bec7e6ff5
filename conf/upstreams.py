"""Every way out, one model a method, in the recommended order: client-auth, direct-send, relay; maildir for dry runs.

Limits: "Exchange Online limits" and "Message storage and concurrent connection throttling for SMTP Authenticated
Submission" (Microsoft, read 2026-11).
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from conf.declare import Between, Rule, ToldApartBy, key, table
from conf.spelling import (
    Count,
    FilePath,
    HostName,
    HttpsAddress,
    MailAddress,
    MailDomain,
    Secret,
    Selector,
    Switch,
    TableName,
    Tenant,
    Word,
)

Port = Annotated[Count, Between(1, 65535)]
Family = Literal["ipv4", "any", "ipv6"]

_NAME: Final = "how status and log call it; no two upstreams share a name"
_CA_FILE: Final = "PEM file: trust only these authorities, not the system's"
_MX_HOST: Final = "the tenant's MX endpoint; never guessed from the domain"
_MX_PORT: Final = "Exchange listens for other servers on 25 only"
_BINARY: Final = "by BDAT in binary form where the host offers it: 27 % fewer bytes; else by DATA"
_FAMILY: Final = "which addresses of host are used; a new look-up at each connection"
_MX_FAMILY: Final = "only IPv4: of IPv6, Exchange demands a PTR record, and SPF or the connector must hold it as well"
_MX_PACE: Final = "Microsoft publishes no limit, and throttles a sudden volume by IP"
_RAMP_UP: Final = "a new box begins slowly, and sends at full pace after seven days with mail"


@table
class ClientAuth:
    """Method 1, recommended: SMTP client submission, logged in as a licensed mailbox; recipients anywhere."""

    method: Literal["client-auth"] = key(description="method 1, recommended")
    name: TableName = key(default="client-auth", description=_NAME)
    host: HostName = key(default="smtp.office365.com", description="another only in a sovereign cloud")
    port: Port = key(default=587, description="always with STARTTLS, TLS 1.2 or newer")
    address_family: Family = key(default="any", description=_FAMILY)
    ca_file: FilePath | None = key(default=None, description=_CA_FILE)
    username: MailAddress = key(description="the mailbox that sends; also the From unless it may send as another")
    auth: Literal["oauth-app", "password"] = key(
        default="oauth-app", description="password is legacy: off by default in Exchange from the end of December 2026"
    )
    password: Secret | None = key(default=None, description="the mailbox's password; better in password_file")
    password_file: FilePath | None = key(default=None, description="file that holds the password, or credential:NAME")
    tenant: Tenant | None = key(default=None, description="the tenant's id or its onmicrosoft.com domain")
    client_id: Word | None = key(default=None, description="application (client) id of the app registration")
    client_secret: Secret | None = key(default=None, description="the app's secret; better in client_secret_file")
    client_secret_file: FilePath | None = key(
        default=None, description="file that holds the app's secret, or credential:NAME"
    )
    certificate_file: FilePath | None = key(default=None, description="PEM certificate of the app, instead of a secret")
    key_file: FilePath | None = key(default=None, description="PEM private key of certificate_file, or credential:NAME")
    authority: HttpsAddress = key(
        default="https://login.microsoftonline.com", description="another only in a sovereign cloud"
    )
    scope: Word = key(default="https://outlook.office365.com/.default", description="another only in a sovereign cloud")
    connections: Count = key(
        default=2, ge=1, le=3, description="at once; Exchange admits 3 a mailbox, all its devices together"
    )
    messages_per_minute: Count = key(default=25, ge=1, le=30, description="Exchange admits 30 a mailbox")
    recipients_per_day: Count = key(
        default=10_000, ge=1, le=10_000, description="in any 24 hours; Exchange admits 10,000 a mailbox"
    )
    binary: Switch = key(default=False, description=_BINARY)

    @Rule
    def _login_is_complete(self) -> None:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together: set both or neither")
        if self.auth == "password":
            if not (self.password or self.password_file):
                raise ValueError('auth = "password" needs password_file (or password)')
            return
        missing = [key for key in ("tenant", "client_id") if getattr(self, key) is None]
        if not (self.client_secret or self.client_secret_file or self.certificate_file):
            missing.append("client_secret_file (or certificate_file with key_file)")
        if missing:
            raise ValueError(f'auth = "oauth-app" needs {" and ".join(missing)}')


def _require_whole_signing(selector: str | None, domain: str | None, key_file: Path | None) -> None:
    if (selector is None) != (key_file is None):
        raise ValueError("dkim_selector and dkim_key_file go together: set both or neither")
    if domain is not None and key_file is None:
        raise ValueError("dkim_domain needs dkim_selector and dkim_key_file")


@table
class DirectSend:
    """Method 2: the tenant's MX endpoint without login; recipients inside the organisation only; public IP in SPF."""

    method: Literal["direct-send"] = key(description="method 2")
    name: TableName = key(default="direct-send", description=_NAME)
    host: HostName = key(description=_MX_HOST)
    port: Port = key(default=25, description=_MX_PORT)
    address_family: Family = key(default="ipv4", description=_MX_FAMILY)
    ca_file: FilePath | None = key(default=None, description=_CA_FILE)
    domains: tuple[MailDomain, ...] = key(min_length=1, description="only recipients in these domains are offered")
    dkim_selector: Selector | None = key(default=None, description="name of the key in DNS; set it to sign each mail")
    dkim_domain: MailDomain | None = key(default=None, description="domain that signs; the sender's by default")
    dkim_key_file: FilePath | None = key(
        default=None, description="PEM private key, RSA 2048 or Ed25519, or credential:NAME"
    )
    connections: Count = key(default=2, ge=1, le=10, description="at once")
    messages_per_minute: Count = key(default=60, ge=1, le=1000, description=_MX_PACE)
    binary: Switch = key(default=False, description=_BINARY)
    ramp_up: Switch = key(default=True, description=_RAMP_UP)

    @Rule
    def _signing_is_complete(self) -> None:
        _require_whole_signing(self.dkim_selector, self.dkim_domain, self.dkim_key_file)


@table
class Relay:
    """Method 3: the tenant's MX endpoint and an inbound connector, by public IP or certificate; recipients anywhere."""

    method: Literal["relay"] = key(description="method 3")
    name: TableName = key(default="relay", description=_NAME)
    host: HostName = key(description=_MX_HOST)
    port: Port = key(default=25, description=_MX_PORT)
    address_family: Family = key(default="ipv4", description=_MX_FAMILY)
    ca_file: FilePath | None = key(default=None, description=_CA_FILE)
    domains: tuple[MailDomain, ...] = key(
        default=(), description="the tenant's accepted domains: the sender must be in one; empty: not checked here"
    )
    certificate_file: FilePath | None = key(
        default=None, description="PEM client certificate the connector knows; without it: by public IP"
    )
    key_file: FilePath | None = key(default=None, description="PEM private key of certificate_file, or credential:NAME")
    dkim_selector: Selector | None = key(default=None, description="name of the key in DNS; set it to sign each mail")
    dkim_domain: MailDomain | None = key(default=None, description="domain that signs; the sender's by default")
    dkim_key_file: FilePath | None = key(
        default=None, description="PEM private key, RSA 2048 or Ed25519, or credential:NAME"
    )
    connections: Count = key(default=2, ge=1, le=10, description="at once")
    messages_per_minute: Count = key(default=60, ge=1, le=1000, description=_MX_PACE)
    binary: Switch = key(default=False, description=_BINARY)
    ramp_up: Switch = key(default=True, description=_RAMP_UP)

    @Rule
    def _certificate_has_key(self) -> None:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together: set both or neither")
        _require_whole_signing(self.dkim_selector, self.dkim_domain, self.dkim_key_file)


@table
class Maildir:
    """No network: each finished mail is written into a Maildir. For a first run, a dry run and tests."""

    method: Literal["maildir"] = key(description="no network")
    name: TableName = key(default="maildir", description=_NAME)
    path: FilePath = key(description="the Maildir; made when missing")


Upstream = Annotated[ClientAuth | DirectSend | Relay | Maildir, ToldApartBy("method")]
