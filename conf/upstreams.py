"""Every way out, one model a method, in the recommended order; maildir, the last, is for dry runs.

Limits of client-auth: "Exchange Online limits" and "Message storage and concurrent connection throttling for SMTP
Authenticated Submission" (Microsoft, read 2026-11).
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from conf import submission
from conf.clouds import HIGH_VOLUME_HOST, CloudName, cloud_of, scope_of
from conf.declare import Between, Rule, ToldApartBy, key, table
from conf.spelling import Count, FilePath, HostName, HttpsAddress, MailDomain, Selector, Switch, TableName, Word

Port = Annotated[Count, Between(1, 65535)]
Family = Literal["ipv4", "any", "ipv6"]

_NAME: Final = "how status and log call it; no two upstreams share a name"
_SUBMISSION_PORT: Final = "always with STARTTLS, TLS 1.2 or newer"
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
    cloud: CloudName = key(default="public", description="whose host, authority and scope are the defaults")
    host: HostName = key(default_factory=lambda above: cloud_of(above).host, description="the cloud's")
    port: Port = key(default=587, description=_SUBMISSION_PORT)
    address_family: Family = key(default="any", description=_FAMILY)
    ca_file: FilePath | None = key(default=None, description=_CA_FILE)
    username: submission.UsernameKey
    auth: submission.Auth = key(
        default="oauth-app",
        description="as the application, or as a person who signs in once (scangate login); password is legacy: off by "
        "default in Exchange from the end of December 2026",
    )
    password: submission.PasswordKey = None
    password_file: submission.PasswordFileKey = None
    tenant: submission.TenantKey = None
    client_id: submission.ClientIdKey = None
    client_secret: submission.ClientSecretKey = None
    client_secret_file: submission.ClientSecretFileKey = None
    client_secret_expires: submission.ClientSecretExpiresKey = None
    certificate_file: submission.CertificateFileKey = None
    key_file: submission.KeyFileKey = None
    authority: HttpsAddress = key(
        default_factory=lambda above: cloud_of(above).authority, description=submission.AUTHORITY
    )
    scope: Word = key(default_factory=scope_of, description=submission.SCOPE)
    proxy: submission.ProxyKey = None
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
        if lack := submission.lacking(self):
            raise ValueError(lack)


@table
class HighVolume:
    """Client submission by a High Volume Email account: recipients inside the organisation only, few limits, billed.

    Host, reach and logins: MC1243552. No limit on messages or recipients a day is known since it is billed; those here
    keep a printer gone wild from costing money.
    """

    method: Literal["high-volume"] = key(description="method 1 for a High Volume Email account")
    name: TableName = key(default="high-volume", description=_NAME)
    host: HostName = key(default=HIGH_VOLUME_HOST, description="that of High Volume Email")
    port: Port = key(default=587, description=_SUBMISSION_PORT)
    address_family: Family = key(default="any", description=_FAMILY)
    ca_file: FilePath | None = key(default=None, description=_CA_FILE)
    domains: tuple[MailDomain, ...] = key(min_length=1, description="only recipients in these domains are offered")
    username: submission.UsernameKey
    auth: submission.Auth = key(
        default="oauth-app", description="as for client-auth; here Microsoft keeps password until September 2028"
    )
    password: submission.PasswordKey = None
    password_file: submission.PasswordFileKey = None
    tenant: submission.TenantKey = None
    client_id: submission.ClientIdKey = None
    client_secret: submission.ClientSecretKey = None
    client_secret_file: submission.ClientSecretFileKey = None
    client_secret_expires: submission.ClientSecretExpiresKey = None
    certificate_file: submission.CertificateFileKey = None
    key_file: submission.KeyFileKey = None
    authority: HttpsAddress = key(
        default_factory=lambda above: cloud_of(above).authority, description=submission.AUTHORITY
    )
    scope: Word = key(default_factory=scope_of, description=submission.SCOPE)
    proxy: submission.ProxyKey = None
    connections: Count = key(default=3, ge=1, le=10, description="at once")
    messages_per_minute: Count = key(default=60, ge=1, le=1000, description="Exchange publishes no limit here")
    recipients_per_day: Count = key(
        default=10_000, ge=1, le=1_000_000, description="in any 24 hours; each recipient is billed"
    )
    binary: Switch = key(default=False, description=_BINARY)

    @Rule
    def _login_is_complete(self) -> None:
        if lack := submission.lacking(self):
            raise ValueError(lack)


Submission = ClientAuth | HighVolume
"""The upstreams that log in as a mailbox."""


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


Upstream = Annotated[ClientAuth | HighVolume | DirectSend | Relay | Maildir, ToldApartBy("method")]
