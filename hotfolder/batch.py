"""The scans of a share, look by look, as its ``batch`` puts files together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from conf.model import Share
from hotfolder.arrival import Arrival, ArrivedFile, Emptied
from hotfolder.emptied import Empties, emptied
from hotfolder.group import Said, Scan, each_alone, in_sequence
from hotfolder.group_folders import in_folders
from hotfolder.names import split_key
from hotfolder.pages import UNSEEN, PageRule
from hotfolder.settle import History, Ready
from hotfolder.survey import Survey
from hotfolder.track import Outlook


class Batches:
    """What one share's looks come to, one after the other: it keeps what has to be known between them."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._rule = PageRule(gap_s=share.page_gap)
        self._followed = UNSEEN
        self._said: Said = {}
        self._empties = Empties()

    def sort(self, survey: Survey, now_s: float) -> tuple[Survey, tuple[Arrival, ...]]:
        """Return the survey, with the files counted that wait for their scan, and the scans that are complete."""
        histories, unfinished, outlook = survey.track.histories, survey.track.unfinished, survey.outlook
        if survey.unreadable:
            return survey, ()
        match self._share.batch:
            case "off":
                found = each_alone(outlook)
            case "sequence":
                found, self._followed = in_sequence(self._followed, histories, unfinished, outlook, now_s, self._rule)
            case "folder":
                found = in_folders(histories, unfinished, outlook, now_s, self._rule, self._said)
                self._said = found.said
            case _:
                assert_never(self._share.batch)
        arrivals = tuple(self._arrivals(found.scans, histories, outlook))
        return replace(survey, outlook=found.outlook), arrivals

    def _arrivals(self, scans: Iterable[Scan], histories: Mapping[str, History], outlook: Outlook) -> Iterator[Arrival]:
        """Yield the scans with their sidecars, which only a scan of one file has."""
        ready = dict(outlook.ready)
        for scan in scans:
            pages = [(key, ready[key]) for key in scan.keys]
            sidecars = [one for key in scan.keys for one in outlook.companions.get(key, ())]
            files = [self._file(key, histories[key], step, is_sidecar=False) for key, step in pages]
            files += [self._file(key, histories[key], step, is_sidecar=True) for key, step in sidecars]
            yield Arrival(self._share.name, tuple(files), scan.rejected, scan.notes, scan.called)

    def _file(self, key: str, history: History, step: Ready, *, is_sidecar: bool) -> ArrivedFile:
        folder, _ = split_key(key)
        return ArrivedFile(self._share.path / key, history.stamp, step.is_held_open, folder, is_sidecar)

    def emptied(self, survey: Survey, now_s: float) -> tuple[Emptied, ...]:
        """Return the sub-folders that may be removed now, if nothing is in them."""
        if self._share.batch != "folder" or survey.unreadable:
            return ()
        keys = survey.track.histories.keys() | survey.outlook.held.keys()
        self._empties, due = emptied(self._empties, survey.folders, keys, now_s)
        return tuple(Emptied(folder, self._share.name) for folder in due)
