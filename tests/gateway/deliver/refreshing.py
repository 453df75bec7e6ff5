"""A process that refreshes a sign-in and dies at a step of it: run once for every step there is.

``python -m tests.gateway.deliver.refreshing STATE AUTHORITY_FILE ENTRA_PORT STEP``: 99 when it died there, 0 when it
came through because there are fewer steps.
"""

import os
import sys
from pathlib import Path
from typing import Final

from conf.model import Submission
from gateway.deliver import oauth
from gateway.deliver.token_source import TokenSource
from gateway.deliver.token_store import TokenStore
from gateway.spool import durable
from tests.gateway.deliver.signed_in import device_settings

DEAD: Final = 99


def main(state: Path, authority: Path, entra_port: int, at: int) -> None:
    """Refresh once; die as by ``kill -9`` at the step: durable's checkpoints, and both sides of the request."""
    passed = 0

    def step(_name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == at:
            os._exit(DEAD)

    real = oauth.by_refresh

    def by_refresh(settings: Submission, refresh_token: str) -> oauth.Granted:
        step("before the request")
        granted = real(settings, refresh_token)
        step("after the answer")
        return granted

    durable.checkpoint = step
    oauth.by_refresh = by_refresh
    settings = device_settings(587, authority, entra_port)
    TokenSource(settings, TokenStore(state, settings.name))._token()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
