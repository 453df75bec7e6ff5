"""Somebody signs in for an upstream: a code is shown, the sign-in awaited, tried at the smarthost, and stored."""

import asyncio
import os
import pwd
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conf.model import ClientAuth, Config, HighVolume, Submission
from gateway.deliver import oauth, replies
from gateway.deliver.oauth import Granted, Invitation
from gateway.deliver.session import LostError, RefusedError, open_session
from gateway.deliver.tls import upstream_context
from gateway.deliver.token_fault import TokenError
from gateway.deliver.token_store import SignIn, TokenStore
from gateway.deliver.upstream import TokenLogin, route_of

_MINUTE_S: Final = 60.0
_PARTING_S: Final = 0.2


class LoginError(Exception):
    """Nobody is signed in, and nothing was stored; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What the smarthost made of the new token: ``refused`` and ``unheard`` are sentences, one of them or none."""

    refused: str = ""
    unheard: str = ""


def choose(config: Config, name: str | None) -> Submission:
    """Return the upstream to sign in for: the one named, or the only one there is. Raises LoginError."""
    able = [one for one in config.upstream if isinstance(one, ClientAuth | HighVolume) and one.auth == "oauth-device"]
    names = ", ".join(one.name for one in able)
    if not able:
        raise LoginError('no upstream has auth = "oauth-device"; the other logins need nobody to sign in')
    chosen = [one for one in able if name in {None, one.name}]
    if not chosen:
        raise LoginError(f'no upstream "{name}" has auth = "oauth-device"; name one of: {names}')
    if len(chosen) > 1:
        raise LoginError(f"several upstreams want a sign-in; name one with --upstream: {names}")
    return chosen[0]


def become_owner(state: Path) -> None:
    """Go on as the owner of the state directory: the service's user, who has to read what is stored.

    Root goes on as that user and not as root, so nothing that user put there can lead a write of root's elsewhere.
    Raises LoginError.
    """
    try:
        owner = state.stat().st_uid
    except OSError as error:
        raise LoginError(f"gateway.state: {state}: {error.strerror}; start the service once, which makes it") from error
    if os.geteuid() == owner:
        return
    try:
        account = pwd.getpwuid(owner)
    except KeyError:
        raise LoginError(f"gateway.state: {state} belongs to user {owner}, who does not exist") from None
    if os.geteuid() != 0:
        raise LoginError(f"run this as root, or as {account.pw_name}, whom {state} belongs to")
    os.initgroups(account.pw_name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(owner)


def sign_in(
    config: Config, settings: Submission, say: Callable[[str], None], wait: Callable[[float], None] = time.sleep
) -> bool:
    """Have somebody sign in, and store it; tell whether the smarthost took the login. Raises LoginError and OSError."""
    store = TokenStore(config.gateway.state, settings.name)
    store.prepare()  # before anybody takes the trouble to sign in
    try:
        invitation = oauth.invite(settings)
        minutes = round(invitation.life_s / _MINUTE_S)
        say(f"On any computer or telephone open  {invitation.address}")
        say(f"enter the code                     {invitation.code}")
        say(f"and sign in as                     {settings.username}")
        say(f"The code is good for {minutes} minutes. Ctrl-C ends this and changes nothing.")
        granted = _awaited(invitation, say, wait)
    except TokenError as error:
        raise LoginError(f"{error}; {error.advice}" if error.advice else str(error)) from error
    if not granted.refresh_token:
        raise LoginError("Entra gave no refresh token: grant the app registration offline_access (delegated)")
    trial = asyncio.run(_tried_whole(config, settings, granted.access_token))
    if trial.refused and not _is_mailbox(granted, settings):
        raise LoginError(
            f"{granted.account} signed in, and may not log in as {settings.username} ({trial.refused}); nothing was "
            f"stored: run this again and sign in as {settings.username}"
        )
    now = time.time()
    account = granted.account or settings.username
    tenant, client_id = settings.tenant or "", settings.client_id or ""
    store.write(SignIn(account, tenant, client_id, now, now, granted.refresh_token))
    _report(granted, settings, trial, say)
    return not trial.refused and not trial.unheard


def _awaited(invitation: Invitation, say: Callable[[str], None], wait: Callable[[float], None]) -> Granted:
    """Wait until somebody has signed in. An endpoint that is away for a moment is asked again."""
    ends_s = time.monotonic() + invitation.life_s
    told = ""
    while time.monotonic() < ends_s:
        wait(invitation.interval_s)
        try:
            granted = invitation.poll()
        except TokenError as error:
            if error.pause_s > 0:
                raise
            if not told:
                told = str(error)
                say(f"{told}; still trying")
            continue
        if granted is not None:
            return granted
    raise LoginError("nobody signed in while the code was good; run this again")


def _is_mailbox(granted: Granted, settings: Submission) -> bool:
    return not granted.account or granted.account.lower() == settings.username.lower()


async def _tried_whole(config: Config, settings: Submission, access_token: str) -> Trial:
    """Try it, and let the goodbye of TLS come through before the event loop ends."""
    try:
        return await _tried(config, settings, access_token)
    finally:
        await asyncio.sleep(_PARTING_S)


async def _tried(config: Config, settings: Submission, access_token: str) -> Trial:
    """Log in at the smarthost without a mail."""

    async def token(_login: TokenLogin) -> str:
        return access_token

    route = route_of(settings)
    try:
        session = await open_session(route, upstream_context(route.ca_file, None), config.gateway.name, token)
    except LostError as error:
        return Trial(unheard=str(error))
    except RefusedError as error:
        verdict = replies.classify(error.phase, error.reply)
        return Trial(refused=f"{verdict.said}; {verdict.advice}" if verdict.advice else verdict.said)
    await session.close()
    return Trial()


def _report(granted: Granted, settings: Submission, trial: Trial, say: Callable[[str], None]) -> None:
    say(f"{granted.account or 'Somebody'} is signed in for upstream {settings.name}. A running scangate uses it now.")
    if not _is_mailbox(granted, settings):
        say(f"Note: that is not {settings.username}. It works only while Exchange lets that account log in there.")
    if trial.refused:
        say(f"But {settings.host} refuses the login: {trial.refused}")
    if trial.unheard:
        say(f"But the login could not be tried: {trial.unheard}")
