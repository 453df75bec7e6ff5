"""The scans of a share, look by look, as its ``batch`` puts files together."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from conf.model import Share
from hotfolder.arrival import Arrival, ArrivedFile, Emptied
from hotfolder.emptied import Empties, emptied
from hotfolder.group import Scan, each_alone, in_sequence
from hotfolder.group_folders import in_folders
from hotfolder.names import split_key
from hotfolder.pages import UNSEEN, PageRule
from hotfolder.settle import History
from hotfolder.survey import Survey


class Batches:
    """What one share's looks come to, one after the other: it keeps what has to be known between them."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._rule = PageRule(gap_s=share.page_gap)
        self._followed = UNSEEN
        self._empties = Empties()

    def sort(self, survey: Survey, now_s: float) -> tuple[Survey, tuple[Arrival, ...]]:
        """Return the survey, with the files counted that wait for their scan, and the scans that are complete."""
        histories, outlook = survey.track.histories, survey.outlook
        if survey.unreadable:
            return survey, ()
        match self._share.batch:
            case "off":
                found = each_alone(outlook)
            case "sequence":
                found, self._followed = in_sequence(self._followed, histories, outlook, now_s, self._rule)
            case "folder":
                found = in_folders(histories, outlook, now_s, self._rule)
            case _:
                assert_never(self._share.batch)
        held_open = {key for key, step in outlook.ready if step.is_held_open}
        return replace(survey, outlook=found.outlook), tuple(self._arrivals(found.scans, histories, held_open))

    def _arrivals(
        self, scans: Iterable[Scan], histories: Mapping[str, History], held_open: set[str]
    ) -> Iterable[Arrival]:
        for scan in scans:
            files = tuple(
                ArrivedFile(self._share.path / key, histories[key].stamp, key in held_open, split_key(key)[0])
                for key in scan.keys
            )
            yield Arrival(self._share.name, files, scan.rejected, scan.notes, scan.called)

    def emptied(self, survey: Survey, now_s: float) -> tuple[Emptied, ...]:
        """Return the sub-folders that may be removed now, if nothing is in them."""
        if self._share.batch != "folder" or survey.unreadable:
            return ()
        keys = survey.track.histories.keys() | survey.outlook.held.keys()
        self._empties, due = emptied(self._empties, survey.folders, keys, now_s)
        return tuple(Emptied(folder, self._share.name) for folder in due)
