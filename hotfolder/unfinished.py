"""What may become a page yet: files under the names of uploads, and files that could not be looked at.

Nothing is taken of them, and nobody waits for them but the pages that would otherwise go without them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from hotfolder.arrival import Sighting, Stamp
from hotfolder.settle import Rule


@dataclass(frozen=True, slots=True)
class Unfinished:
    """One of them, by key in ``Track``. Times are monotonic seconds.

    ``stamp``: None when it could not be looked at. ``begun_s``: first seen so. ``changed_s``: its last change.
    ``is_gone``: it was not listed this time. The listing may have missed it because it got its own name just then, so
    it counts until the next look.
    """

    stamp: Stamp | None
    begun_s: float
    changed_s: float
    is_gone: bool = False

    @property
    def is_empty(self) -> bool:
        """It has no bytes, and promises little."""
        return self.stamp is not None and self.stamp.size_bytes == 0

    def is_still(self, now_s: float, gap_s: float) -> bool:
        """Tell whether it has not changed for so long that it may be a leftover."""
        return not self.is_gone and now_s >= self.changed_s + gap_s


def observe_unfinished(
    known: Mapping[str, Unfinished],
    listed: Mapping[str, Sighting | None],
    sightings: Mapping[str, Sighting],
    now_s: float,
    rule: Rule,
) -> dict[str, Unfinished]:
    """Add one complete listing: what is unfinished in it (None: could not be looked at), and all that is not.

    A retry under the same name goes on with what was begun, within ``incomplete_timeout_s`` of the last change. What
    is older than that when it is first seen was left behind by an earlier run of a device.
    """
    finished = {sighting.stamp.inode for sighting in sightings.values()}
    found = {key: _met(known.get(key), sighting, finished, now_s, rule) for key, sighting in listed.items()}
    for key, before in known.items():
        has_its_name = key in sightings or (before.stamp is not None and before.stamp.inode in finished)
        if key not in found and not before.is_gone and not has_its_name:
            found[key] = replace(before, is_gone=True)
    return found


def _met(
    before: Unfinished | None, sighting: Sighting | None, finished: Collection[int], now_s: float, rule: Rule
) -> Unfinished:
    stamp = None if sighting is None else sighting.stamp
    if before is not None and (stamp is None or stamp == before.stamp):
        return replace(before, is_gone=False)
    has_its_name = before is not None and before.stamp is not None and before.stamp.inode in finished
    if before is not None and not has_its_name and now_s < before.changed_s + rule.incomplete_timeout_s:
        changed_s = now_s if before.stamp is not None else before.changed_s
        return Unfinished(stamp, before.begun_s, changed_s)
    age_s = 0.0 if sighting is None or sighting.age_s < rule.incomplete_timeout_s else sighting.age_s
    return Unfinished(stamp, now_s - age_s, now_s - age_s)
