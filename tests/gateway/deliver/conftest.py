"""Limits for tests that talk to peers: what would wait for minutes fails within seconds."""

import pytest

from gateway.deliver import session


@pytest.fixture(autouse=True)
def _short_timeouts(monkeypatch: pytest.MonkeyPatch):
    """No test waits for as long as the service may; a test of a timeout sets its own."""
    for name in ("CONNECT_TIMEOUT_S", "COMMAND_TIMEOUT_S", "PROGRESS_TIMEOUT_S", "FINAL_TIMEOUT_S"):
        monkeypatch.setattr(session, name, 20.0)
