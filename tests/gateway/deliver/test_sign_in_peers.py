"""A sign-in against the real Postfix and Dovecot: tokens that end within a session, are revoked, or not renewed."""

from pathlib import Path
from typing import Any

from gateway.deliver.token_store import TokenStore
from gateway.spool.job import State
from tests.gateway.deliver.given import OFFICE, Box, box, config, token_auth
from tests.gateway.deliver.signed_in import device_auth, sign_in_of
from tests.peers import tokens
from tests.peers.certificates import Certificates
from tests.peers.entra import Entra
from tests.peers.postfix import Postfix

NAME = "client-auth"


def _table(postfix: Postfix, certificates: Certificates, entra: Entra, folder: Path) -> dict[str, Any]:
    """An upstream that somebody has signed in for."""
    (folder / "state").mkdir()
    TokenStore(folder / "state", NAME).write(sign_in_of(entra.issue_refresh()))
    return device_auth(postfix.port, certificates.authority_file, entra.port)


async def _sent(opened: Box) -> bool:
    return (await opened.deliver(opened.ready())).state is State.SENT


async def test_a_session_outlives_its_token(postfix: Postfix, certificates: Certificates, entra: Entra, tmp_path: Path):
    """Row 26: A token that ends within a session ends nothing: it goes on, and the next connect has a new one."""
    entra.token_life_s = 5
    async with box(config(tmp_path, _table(postfix, certificates, entra, tmp_path))) as opened:
        assert await _sent(opened)
        entra.token_life_s = 3600
        assert await _sent(opened)
        assert len(entra.token_requests) == 1
        await opened.routes.close()
        assert await _sent(opened)
        assert len(entra.token_requests) == 2
        assert len(await postfix.mails_arrive(OFFICE, 3)) == 3


async def test_an_access_token_refused_by_the_host_is_replaced_once(
    postfix: Postfix, certificates: Certificates, entra: Entra, tmp_path: Path
):
    """A token that Dovecot does not take any more is replaced by the sign-in, within the same attempt."""
    async with box(config(tmp_path, _table(postfix, certificates, entra, tmp_path))) as opened:
        assert await _sent(opened)
        await opened.routes.close()
        entra.revoke()
        TokenStore(tmp_path / "state", NAME).write(sign_in_of(entra.issue_refresh()))
        assert await _sent(opened)
        assert opened.traffic.pauses() == {}


async def test_a_revoked_sign_in_pauses_the_route(
    postfix: Postfix, certificates: Certificates, entra: Entra, tmp_path: Path
):
    """When everything was revoked scans wait, the advice is to sign in, and Dovecot hears of no further login."""
    async with box(config(tmp_path, _table(postfix, certificates, entra, tmp_path))) as opened:
        assert await _sent(opened)
        await opened.routes.close()
        entra.revoke()
        asked = entra.introspections
        for _ in range(3):
            job = await opened.deliver(opened.ready())
            assert (job.state, job.attempts) == (State.DEFERRED, 0)
        pause = opened.traffic.pauses()[NAME]
        assert "AADSTS700082" in pause.said
        assert "scangate login" in pause.advice
        assert entra.introspections - asked <= 1
        assert TokenStore(tmp_path / "state", NAME).read() is not None


async def test_an_outage_of_the_endpoint_is_not_felt(
    postfix: Postfix, certificates: Certificates, entra: Entra, tmp_path: Path
):
    """Row 27: With the endpoint down new sessions use the token there is; when that has ended the route pauses."""
    async with box(config(tmp_path, token_auth(postfix.port, certificates.authority_file, entra.port))) as opened:
        assert await _sent(opened)
        entra.refuse(tokens.UNAVAILABLE)
        for _ in range(2):
            await opened.routes.close()
            assert await _sent(opened)
        await opened.routes.close()
        (pool,) = opened.routes.with_login()
        assert pool.tokens is not None
        await pool.tokens.forget()
        assert not await _sent(opened)
        assert "cannot give a token" in opened.traffic.pauses()[NAME].said
