"""One session: to the point where it may carry mail, or a sentence that says why not."""

import ssl

import pytest

from gateway.deliver import session as session_module
from gateway.deliver.resting import fault_of
from gateway.deliver.session import LostError, RefusedError, Session, open_session
from gateway.deliver.tls import upstream_context
from gateway.deliver.upstream import TokenLogin
from gateway.spool.reply import Phase
from tests.gateway.deliver.given import PASSWORD_LOGIN, SENDER, client_auth, no_token, route, token_auth
from tests.peers import healthy
from tests.peers.certificates import Certificate, Certificates
from tests.peers.exchange import Exchange
from tests.peers.fixtures import PASSWORD
from tests.peers.loopback import free_port
from tests.peers.script import At, Drop, Pause, Script, Silence


async def _open(port: int, certificates: Certificates, login: object = None, host: str = "localhost") -> Session:
    context = upstream_context(certificates.authority_file, None)
    assert login is None or login is PASSWORD_LOGIN
    return await open_session(
        route(port, PASSWORD_LOGIN if login else None, host=host), context, "box.example.org", no_token
    )


def _sent_nothing(exchange: Exchange) -> bool:
    """Neither mail nor login has been said."""
    return not {"MAIL", "RCPT", "DATA", "BDAT", "AUTH"} & set(exchange.seen.verbs()) and not exchange.messages


async def test_logs_in_over_tls(exchange: Exchange, certificates: Certificates):
    """A password session says EHLO with our name, starts TLS, logs in once by LOGIN, and knows what the host offers."""
    session = await _open(exchange.port, certificates, PASSWORD_LOGIN)
    assert session.is_open
    assert session.size_limit_bytes == healthy.SIZE_LIMIT_BYTES
    assert session.offers("chunking")
    (login,) = exchange.seen.logins
    assert (login.mechanism, login.given) == ("LOGIN", healthy.Credentials(SENDER, PASSWORD))
    assert exchange.seen.commands[0].line == b"EHLO box.example.org"
    assert exchange.seen.verbs()[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
    await session.close()
    await exchange.heard("QUIT")
    await exchange.left_alone()


async def test_without_login_nothing_is_said_about_one(server_certificate: Certificate, certificates: Certificates):
    """Direct Send and relay by address log in with nothing."""
    async with Exchange(server_certificate.server_context(), needs_login=False) as exchange:
        session = await _open(exchange.port, certificates)
        assert exchange.seen.verbs() == ["EHLO", "STARTTLS", "EHLO"]
        await session.close()


async def test_no_starttls_no_mail(certificates: Certificates):
    """Row 13: Without STARTTLS, or with it stripped on the way, neither login nor mail is sent: a person must look."""
    async with Exchange(None, needs_login=False) as exchange:
        with pytest.raises(LostError, match="offers no STARTTLS") as lost:
            await _open(exchange.port, certificates, PASSWORD_LOGIN)
        assert lost.value.needs_person
        assert "inspects SMTP" in fault_of(lost.value).advice
        assert _sent_nothing(exchange)
        await exchange.left_alone()


async def test_starttls_refused_no_mail(server_certificate: Certificate, certificates: Certificates):
    """Row 13: A host that refuses STARTTLS gets nothing in plain text either."""
    script = Script().on(At.STARTTLS, b"454 4.7.0 TLS not available\r\n")
    async with Exchange(server_certificate.server_context(), then=script, needs_tls=False) as exchange:
        with pytest.raises(RefusedError) as refused:
            await _open(exchange.port, certificates, PASSWORD_LOGIN)
        assert (refused.value.phase, refused.value.reply.code) == (Phase.STARTTLS, 454)
        assert _sent_nothing(exchange)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
async def test_old_tls_is_refused(server_certificate: Certificate, certificates: Certificates, version: ssl.TLSVersion):
    """Row 14: A host that speaks TLS 1.0 or 1.1 only gets nothing, and the sentence says what is needed."""
    context = server_certificate.legacy_server_context(version)
    async with Exchange(context, needs_login=False, needs_tls=False) as exchange:
        with pytest.raises(LostError, match=r"no TLS in common \(1\.2 or newer is needed\)") as lost:
            await _open(exchange.port, certificates, PASSWORD_LOGIN)
        assert "speaks TLS itself" in fault_of(lost.value).advice
        assert lost.value.phase is Phase.STARTTLS
        assert _sent_nothing(exchange)
        await exchange.left_alone()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_new_tls_is_taken(server_certificate: Certificate, certificates: Certificates, version: ssl.TLSVersion):
    """TLS 1.2 and 1.3 both do."""
    async with Exchange(server_certificate.legacy_server_context(version), needs_login=False) as exchange:
        await (await _open(exchange.port, certificates)).close()
        assert exchange.seen.tls_versions == [{"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("name", "Hostname mismatch"),
        ("authority", "unable to get local issuer|self-signed"),
        ("expired", "has expired"),
    ],
)
async def test_a_wrong_certificate_is_refused(certificates: Certificates, kind: str, why: str):
    """Row 15: Wrong name, unknown authority, expired: nothing is sent, and the sentence says which it is."""
    shown = {
        "name": lambda: certificates.server("other.example.org"),
        "authority": certificates.of_unknown_authority,
        "expired": certificates.expired,
    }[kind]()
    async with Exchange(shown.server_context(), needs_login=False, needs_tls=False) as exchange:
        with pytest.raises(LostError, match=rf"not to be trusted: .*({why})") as lost:
            await _open(exchange.port, certificates, PASSWORD_LOGIN)
        assert "ca_file" in fault_of(lost.value).advice
        assert fault_of(lost.value).pause_s > 0
        assert _sent_nothing(exchange)
        await exchange.left_alone()


async def test_what_is_injected_before_tls_is_forgotten(server_certificate: Certificate, certificates: Certificates):
    """Row 16: Bytes put behind the reply to STARTTLS in the clear are taken for no reply inside TLS."""
    injected = b"220 2.0.0 SMTP server ready\r\n250-evil\r\n250 AUTH PLAIN\r\n235 2.7.0 in\r\n"
    async with Exchange(server_certificate.server_context(), Script().on(At.STARTTLS, injected)) as exchange:
        try:
            session = await _open(exchange.port, certificates, PASSWORD_LOGIN)
        except LostError:
            assert _sent_nothing(exchange)
        else:
            assert session.offers("chunking")
            assert len(exchange.seen.logins) == 1
            await session.close()


async def test_a_wrong_password_is_tried_once(server_certificate: Certificate, certificates: Certificates):
    """One refused login a connection: a second mechanism is never tried, as that would hasten a lock-out."""
    async with Exchange(server_certificate.server_context(), secrets={SENDER: "other"}) as exchange:
        with pytest.raises(RefusedError, match=r"535 5\.7\.3 Authentication unsuccessful") as refused:
            await _open(exchange.port, certificates, PASSWORD_LOGIN)
        assert refused.value.phase is Phase.AUTH
        assert len(exchange.seen.logins) == 1
        assert exchange.seen.count("AUTH") == 1
        await exchange.left_alone()


async def test_a_token_goes_as_xoauth2_with_an_error_challenge(
    server_certificate: Certificate, certificates: Certificates
):
    """A token is offered once by XOAUTH2, and the error challenge is nodded away to hear the verdict."""
    challenge = Script().on(At.AUTH_DONE, b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n", b"", nth=1)
    settings = client_auth(token_auth(1, certificates.authority_file, 443))
    async with Exchange(server_certificate.server_context(), challenge) as exchange:

        async def token(_login: TokenLogin) -> str:
            return "a-token"

        context = upstream_context(certificates.authority_file, None)
        with pytest.raises(RefusedError) as refused:
            await open_session(route(exchange.port, TokenLogin(SENDER, settings)), context, "box", token)
        assert refused.value.reply.code == 535
        (login,) = exchange.seen.logins
        assert (login.mechanism, login.given) == ("XOAUTH2", healthy.Credentials(SENDER, "a-token"))


@pytest.mark.parametrize(
    ("at", "phase"), [(At.BANNER, Phase.CONNECT), (At.HANDSHAKE, Phase.STARTTLS), (At.AUTH_DONE, Phase.AUTH)]
)
async def test_a_host_that_hangs_up_is_lost(
    server_certificate: Certificate, certificates: Certificates, at: At, phase: Phase
):
    """A host that closes at any step before MAIL is lost for now; waiting may mend it."""
    async with Exchange(server_certificate.server_context(), then=Script().on(at, Drop())) as exchange:
        with pytest.raises(LostError) as lost:
            await _open(exchange.port, certificates, PASSWORD_LOGIN)
        assert lost.value.phase is phase
        assert not lost.value.needs_person
        assert f"localhost:{exchange.port}" in str(lost.value)


async def test_nobody_listens(certificates: Certificates):
    """Row 1: A closed port is an outage, told with host and port."""
    port = free_port()
    with pytest.raises(LostError, match=f"localhost:{port} cannot be reached") as lost:
        await _open(port, certificates)
    assert not lost.value.needs_person


async def test_a_silent_host_is_left(
    server_certificate: Certificate, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
):
    """Row 2: A host that accepts and says nothing is left after the connect timeout."""
    monkeypatch.setattr(session_module, "CONNECT_TIMEOUT_S", 0.2)
    async with Exchange(server_certificate.server_context(), then=Script().on(At.BANNER, Silence())) as exchange:
        with pytest.raises(LostError, match="cannot be reached"):
            await _open(exchange.port, certificates)
        await exchange.left_alone()


@pytest.mark.parametrize(
    "banner",
    [b"\x00\xff\xfe\r\n", b"hello\r\n", b"2\r\n", b"220" + b"x" * 100_000 + b"\r\n", b"220-more\r\n" * 9000, b"\r\n"],
)
async def test_garbage_is_a_reply_like_any_other(
    server_certificate: Certificate, certificates: Certificates, banner: bytes
):
    """Row 29: Garbage and endless replies are bounded and end in one of the two ways a session can fail."""
    async with Exchange(server_certificate.server_context(), then=Script().on(At.BANNER, banner, Drop())) as exchange:
        with pytest.raises((LostError, RefusedError)) as failed:
            await _open(exchange.port, certificates)
        assert len(str(failed.value)) < 1500
        assert str(failed.value).isprintable()


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "", "many", "٣", "1000 2000", "0"])
async def test_a_strange_size_is_no_limit(server_certificate: Certificate, certificates: Certificates, size: str):
    """A SIZE that is no number, or an absurd one, limits nothing."""
    features = (f"SIZE {size}".strip(), "STARTTLS")
    async with Exchange(server_certificate.server_context(), features=features, needs_login=False) as exchange:
        session = await _open(exchange.port, certificates)
        assert session.size_limit_bytes == 0
        await session.close()


async def test_close_does_not_wait_for_a_host_that_says_no_goodbye(
    server_certificate: Certificate, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
):
    """QUIT without an answer is given up and the connection closed."""
    monkeypatch.setattr(session_module, "_GOODBYE_TIMEOUT_S", 0.1)
    silent = Script().on(At.QUIT, Silence())
    async with Exchange(server_certificate.server_context(), then=silent, needs_login=False) as exchange:
        session = await _open(exchange.port, certificates)
        await session.close()
        assert not session.is_open
        await exchange.left_alone()


async def test_a_reply_in_pieces_is_one_reply(server_certificate: Certificate, certificates: Certificates):
    """A multi-line reply that comes in several packets is read whole."""
    script = Script().on(
        At.AUTH_DONE, b"535-5.7.139 Authen", Pause(0.05), b"tication\r\n535 5.7.139 ", Pause(0.05), b"no\r\n"
    )
    async with Exchange(server_certificate.server_context(), script) as exchange:
        with pytest.raises(RefusedError, match=r"^535 5\.7\.139 Authentication 5\.7\.139 no$"):
            await _open(exchange.port, certificates, PASSWORD_LOGIN)
