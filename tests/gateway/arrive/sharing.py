"""What a test puts into the box's share, and what it finds there."""

from hotfolder.arrival import Arrival, ArrivedFile
from hotfolder.look import stamp_of
from tests.gateway.spool.given import Box


def drop(box: Box, contents: dict[str, bytes], rejected: str = "") -> Arrival:
    """Put files into the share and return them as found finished."""
    share = box.config.share[0]
    found = []
    for name, data in contents.items():
        path = share.path / name
        path.write_bytes(data)
        found.append(ArrivedFile(path, stamp_of(path.stat())))
    return Arrival(share.name, tuple(found), rejected)


def in_share(box: Box) -> dict[str, bytes]:
    """What is in the share."""
    return {path.name: path.read_bytes() for path in box.config.share[0].path.iterdir()}
