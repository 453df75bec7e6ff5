"""Whether the folders of a configuration can be worked in, before anything is promised."""

import os
from pathlib import Path

from conf.model import Config


def faults(config: Config) -> list[str]:
    """Return a sentence for each folder that cannot be worked in: the key, what is wrong, the mend. Changes nothing."""
    state = config.gateway.state
    found = _state_faults(state)
    base = _nearest(state)
    for share in config.share:
        key = f"share.{share.name}.path: {share.path}"
        if not share.path.exists():
            found.append(f"{key} does not exist; make the folder, owned by the service's user")
        elif not share.path.is_dir():
            found.append(f"{key} is not a folder; name one")
        elif not os.access(share.path, os.R_OK | os.W_OK | os.X_OK):
            found.append(f"{key} cannot be read and written; give it to the service's user")
        elif base is not None and share.path.stat().st_dev != base.stat().st_dev:
            # A scan leaves a share by a rename, which is possible within one file system only.
            found.append(f"{key} is not on the file system of gateway.state ({state}); put both on one")
    return found


def _state_faults(state: Path) -> list[str]:
    base = _nearest(state)
    if base is None or not base.is_dir():
        return [f"gateway.state: {base or state} is not a directory; name one on a local disk"]
    if not os.access(base, os.W_OK | os.X_OK):
        return [f"gateway.state: {base} cannot be written; name a directory that the service's user owns"]
    return []


def _nearest(path: Path) -> Path | None:
    """Return the path itself, or the nearest of its parents that exists."""
    return next((place for place in (path, *path.parents) if place.exists()), None)
