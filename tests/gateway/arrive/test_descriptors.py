import asyncio
import errno
import resource
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.arrive import descriptors
from gateway.arrive.ration import Ration
from tests.gateway.spool.given import config


@pytest.mark.parametrize(
    ("limits", "reached", "is_few"),
    [
        ((256, 65536), 1324, False),
        ((1324, 65536), None, False),
        ((65536, 65536), None, False),
        ((256, resource.RLIM_INFINITY), 1324, False),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None, False),
        ((256, 1000), 1000, True),
    ],
)
def test_the_limit_is_raised_as_far_as_listeners_need(tmp_path, monkeypatch, limits, reached, is_few):
    """A service with 100 connections may open 1,324 files, or hears by how much the system lets it have fewer."""
    table = {"listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"], "connections": 100}
    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: raised.append(pair))
    said = descriptors.raise_limit(config(tmp_path, smtp=[table]).smtp)
    assert raised == ([] if reached is None else [(reached, limits[1])])
    assert said == (
        "connections of all [[smtp]] may need 1324 open files, and the system allows 1000 (LimitNOFILE)"
        if is_few
        else ""
    )


async def test_only_what_cannot_be_accepted_is_told_so():
    """Want of files at an accept is told once in a while; anything else goes the event loop's own way."""
    tell = descriptors.tell_when_none_is_left(Ration(1))
    loop = asyncio.get_running_loop()
    told: list[dict[str, Any]] = []
    loop.default_exception_handler = told.append  # type: ignore[method-assign, assignment]
    full = {"message": "x", "exception": OSError(errno.EMFILE, "Too many open files"), "socket": None}
    other = {"message": "x", "exception": OSError(errno.EIO, "x"), "socket": None}
    elsewhere = {"message": "x", "exception": OSError(errno.EMFILE, "x")}
    with capture_logs() as logged:
        for context in (full, other, full, elsewhere):
            tell(loop, context)
    assert [line["event"] for line in logged] == ["local-fault"]
    assert told == [other, elsewhere]
