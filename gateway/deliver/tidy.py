"""Keep the ``_failed`` folders within their bounds, and say what went."""

from collections.abc import Iterable

from conf.model import Share
from gateway.events import Event, log
from hotfolder.errors import ShareError
from hotfolder.prune import prune_failed
from hotfolder.shelf_life import ShelfLife


def tidy(shares: Iterable[Share], now: float) -> None:
    """Remove what has been shown long enough, or takes too much room. ``now`` is seconds since 1970.

    A share in which that cannot be done now is left for the next time: its fault is told by whoever has to write there.
    """
    for share in shares:
        try:
            gone = prune_failed(share.path, now, ShelfLife(share.failed_keep, share.failed_room))
        except ShareError:
            continue
        if gone.files:
            log(Event.FAILED_PRUNED, share=share.name, files=gone.files, size_bytes=gone.size_bytes)
