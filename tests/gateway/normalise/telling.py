"""The telling of a box's failures, as the station after the normaliser does it."""

import asyncio

from gateway.deliver.board import Board
from gateway.deliver.post import Failures, Post
from gateway.deliver.tell import Teller
from gateway.deliver.tidy import Tidier
from gateway.spool.clock_notes import ClockNotes
from gateway.spool.digests import Digests
from tests.gateway.spool.given import Box


def tell_all(box: Box) -> None:
    """Tell of everything that has failed, by mail and in the share."""
    failures = Failures(Post(box.config, box.spool, box.journal), Digests(box.database))
    tidier = Tidier(box.config.share, box.spool, box.journal, ClockNotes(box.database))
    shares = Board(box.config.share)
    Teller(box.config, box.spool, box.journal, failures, shares, tidier, asyncio.Event(), asyncio.Event()).tell_all()
