"""What a login as a mailbox is made of: the keys that client-auth and high-volume share, and when they are complete."""

from typing import Annotated, Final, Literal, Protocol

from conf.declare import About
from conf.spelling import Day, FilePath, MailAddress, ProxyAddress, Secret, Tenant, Word

Auth = Literal["oauth-app", "oauth-device", "password"]

UsernameKey = Annotated[MailAddress, About("the mailbox that sends; also the From unless it may send as another")]
PasswordKey = Annotated[Secret | None, About("the mailbox's password; better in password_file")]
PasswordFileKey = Annotated[FilePath | None, About("file that holds the password, or credential:NAME")]
TenantKey = Annotated[Tenant | None, About("the tenant's id or its onmicrosoft.com domain")]
ClientIdKey = Annotated[Word | None, About("application (client) id of the app registration")]
ClientSecretKey = Annotated[Secret | None, About("the app's secret; better in client_secret_file")]
ClientSecretFileKey = Annotated[FilePath | None, About("file that holds the app's secret, or credential:NAME")]
ClientSecretExpiresKey = Annotated[
    Day | None, About("the day the secret expires, as Entra showed it; an app cannot ask")
]
CertificateFileKey = Annotated[FilePath | None, About("PEM certificate of the app, instead of a secret")]
KeyFileKey = Annotated[FilePath | None, About("PEM private key of certificate_file, or credential:NAME")]
ProxyKey = Annotated[ProxyAddress | None, About("HTTP proxy for token requests; mail itself goes through none")]

AUTHORITY: Final = "where tokens come from"
SCOPE: Final = "what the token is for"


class Login(Protocol):
    """The keys that decide whether a login is complete."""

    @property
    def auth(self) -> Auth: ...  # noqa: D102
    @property
    def password(self) -> Secret | None: ...  # noqa: D102
    @property
    def password_file(self) -> FilePath | None: ...  # noqa: D102
    @property
    def tenant(self) -> Tenant | None: ...  # noqa: D102
    @property
    def client_id(self) -> Word | None: ...  # noqa: D102
    @property
    def client_secret(self) -> Secret | None: ...  # noqa: D102
    @property
    def client_secret_file(self) -> FilePath | None: ...  # noqa: D102
    @property
    def certificate_file(self) -> FilePath | None: ...  # noqa: D102
    @property
    def key_file(self) -> FilePath | None: ...  # noqa: D102


def lacking(login: Login) -> str:
    """Return the sentence about what a login lacks; empty when it is complete."""
    if (login.certificate_file is None) != (login.key_file is None):
        return "certificate_file and key_file go together: set both or neither"
    if login.auth == "password":
        return "" if login.password or login.password_file else 'auth = "password" needs password_file (or password)'
    missing = [key for key, value in (("tenant", login.tenant), ("client_id", login.client_id)) if value is None]
    has_proof = login.client_secret or login.client_secret_file or login.certificate_file
    if login.auth == "oauth-app" and not has_proof:
        missing.append("client_secret_file (or certificate_file with key_file)")
    return f'auth = "{login.auth}" needs {" and ".join(missing)}' if missing else ""
