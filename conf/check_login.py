"""What is wrong or doubtful about how an upstream logs in as a mailbox."""

from collections.abc import Iterator
from typing import Final

from conf.clouds import of_another
from conf.finding import Finding
from conf.model import ClientAuth, HighVolume, Pdf, Submission, Upstream

_APP_ONLY: Final = ("client_secret_file", "client_secret", "client_secret_expires", "certificate_file")

_HIGH_VOLUME_BYTES: Final = 10_000_000
"""The largest mail that High Volume Email takes: Microsoft's limit as others repeat it (looked up 2026-11-25)."""


def login_findings(one: Submission, index: int) -> Iterator[Finding]:
    """Return what is to be said of the login of one upstream."""
    yield from _password(one, index)
    yield from _unused(one, index)
    yield from _scope(one, index)
    if one.auth == "oauth-app" and _has_secret(one) and one.certificate_file is not None:
        yield Finding(("upstream", index, "certificate_file"), "stands beside a client secret: set one of the two")
    if isinstance(one, ClientAuth) and one.auth != "password":
        for key, other in of_another(one.cloud, one.host, one.authority, one.scope):
            what = (
                f'belongs to the cloud "{other}", but cloud is "{one.cloud}": remove the key, or set cloud = "{other}"'
            )
            yield Finding(("upstream", index, key), what, is_warning=True)


def size_findings(upstreams: tuple[Upstream, ...], pdf: Pdf) -> Iterator[Finding]:
    """Warn when mails are made larger than one of the upstreams takes."""
    if pdf.mail_limit > _HIGH_VOLUME_BYTES and any(isinstance(one, HighVolume) for one in upstreams):
        what = 'makes mails that High Volume Email refuses: it takes 10 MB, so set "10 MB"'
        yield Finding(("pdf", "mail_limit"), what, is_warning=True)


def _has_secret(one: Submission) -> bool:
    return one.client_secret is not None or one.client_secret_file is not None


def _password(one: Submission, index: int) -> Iterator[Finding]:
    """Warn of passwords (Exchange Team Blog, 27 January 2026: off by default from the end of December 2026).

    High Volume Email keeps them until September 2028.
    """
    if one.auth == "password" and isinstance(one, ClientAuth):
        what = (
            'is password login, which Microsoft turns off by default at the end of December 2026: change to "oauth-app"'
        )
        yield Finding(("upstream", index, "auth"), what, is_warning=True)


def _unused(one: Submission, index: int) -> Iterator[Finding]:
    """Warn of keys of another login: who wrote them believes that they are in force."""
    idle: list[str] = []
    if one.auth != "password":
        idle += [key for key in ("password_file", "password") if getattr(one, key) is not None][:1]
    if one.auth == "oauth-device":
        idle += [key for key in _APP_ONLY if getattr(one, key) is not None]
        idle = [key for key in idle if key != "client_secret" or "client_secret_file" not in idle]
    if one.auth == "oauth-app" and one.client_secret_expires is not None and not _has_secret(one):
        idle.append("client_secret_expires")
    if one.auth == "password" and one.proxy is not None:
        idle.append("proxy")
    for key in idle:
        yield Finding(("upstream", index, key), f'is not used with auth = "{one.auth}": remove it', is_warning=True)


def _scope(one: Submission, index: int) -> Iterator[Finding]:
    """Warn of a scope that belongs to the other way of having a token: Entra refuses it, or Exchange the token."""
    is_app_scope = one.scope.endswith("/.default")
    if (one.auth == "oauth-app" and not is_app_scope) or (one.auth == "oauth-device" and is_app_scope):
        wanted = (
            "a person's, such as https://outlook.office.com/SMTP.Send" if is_app_scope else "one ending in /.default"
        )
        what = f'does not suit auth = "{one.auth}", which needs {wanted}: remove the key'
        yield Finding(("upstream", index, "scope"), what, is_warning=True)
