"""The peers as pytest fixtures: the expensive ones once a session, the stateful ones for each test."""

import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.peers.certificates import Certificate, Certificates
from tests.peers.entra import MAILBOX, Entra
from tests.peers.exchange import Exchange
from tests.peers.postfix import Logins, Postfix
from tests.peers.samba import Samba

PASSWORD = "correct-horse"


def pytest_configure() -> None:
    """Let SIGTERM, as from timeout(1), end pytest as Ctrl-C does: with every fixture, so every daemon, ended too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The session's authority; tests trust `certificates.authority_file`."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def server_certificate(certificates: Certificates) -> Certificate:
    """One good certificate for localhost and 127.0.0.1, shared by every peer."""
    return certificates.server()


@pytest.fixture(scope="session")
def app_certificate(certificates: Certificates) -> Certificate:
    """The certificate whose signed assertions the session's Entra accepts."""
    return certificates.client("gateway-app.example.org")


@pytest.fixture(scope="session")
def _entra_of_session(server_certificate: Certificate, app_certificate: Certificate) -> Iterator[Entra]:
    with Entra(server_certificate, app_certificate) as entra:
        yield entra


@pytest.fixture
def entra(_entra_of_session: Entra) -> Iterator[Entra]:
    """The token endpoint, shared, with its counts at zero and every setting at its beginning."""
    _entra_of_session.recover()
    yield _entra_of_session
    _entra_of_session.recover()


@pytest.fixture(scope="session")
def _postfix_of_session(
    server_certificate: Certificate, certificates: Certificates, _entra_of_session: Entra
) -> Iterator[Postfix]:
    logins = Logins({MAILBOX: PASSWORD}, _entra_of_session.introspection_url, certificates.authority_file)
    with Postfix(server_certificate, logins=logins) as postfix:
        yield postfix


@pytest.fixture
def postfix(_postfix_of_session: Postfix, entra: Entra) -> Iterator[Postfix]:
    """Postfix demanding TLS and a login (MAILBOX with PASSWORD, or a token of `entra`), its mailboxes empty.

    It is shared: a test that stops it or wants other settings makes its own with `Postfix(…)`.
    """
    _postfix_of_session.forget()
    yield _postfix_of_session
    _postfix_of_session.forget()


@pytest.fixture
async def exchange(server_certificate: Certificate) -> AsyncIterator[Exchange]:
    """A healthy scripted Exchange Online that takes any login; set `then`, or make your own with `Exchange(…)`."""
    async with Exchange(server_certificate.server_context()) as running:
        yield running


@pytest.fixture(scope="session")
def _samba_of_session() -> Iterator[Samba]:
    with Samba() as samba:
        yield samba


@pytest.fixture
def samba(_samba_of_session: Samba) -> Iterator[Samba]:
    """The private smbd, shared, with its folder empty. A test that stops it makes its own with `Samba(…)`."""
    _samba_of_session.empty()
    yield _samba_of_session
    _samba_of_session.empty()
