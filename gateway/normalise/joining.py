"""Pieces of a mail (message/partial) on the spool: noted, waited for, joined into one job, or given up together."""

import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from gateway.events import Event, log
from gateway.normalise import partial
from gateway.normalise.partial import Join, Repeated, Wait
from gateway.normalise.parts import MailError
from gateway.normalise.patience import Patience
from gateway.normalise.pieces import Label, body_sha256, label_of
from gateway.spool import files
from gateway.spool.envelope import CorruptEnvelopeError, Envelope, OriginKind
from gateway.spool.files import Spool
from gateway.spool.fragments import Fragment, Fragments, commit_whole, whole_envelope
from gateway.spool.job import JobId, State, is_whole, whole_id
from gateway.spool.journal import Journal


@dataclass(frozen=True, slots=True)
class Joiner:
    """Puts pieces together; one at a time, as the normaliser comes upon each."""

    spool: Spool
    journal: Journal
    fragments: Fragments
    patience: Patience

    def take(self, directory: Path, envelope: Envelope) -> Wait | JobId | None:
        """Take a piece: return what it waits for, or the job it has become part of; None for what is no piece.

        Raises MailError for a piece that does not say of what; CorruptEnvelopeError for one of the others; OSError and
        sqlite3.Error. May be cut short at any step and is then repeated.
        """
        mail = self._note(directory, envelope)
        if not mail:
            return None
        begun = next(one.whole for one in self.fragments.of(mail) if one.job == envelope.id)
        if begun:
            members = [one.job for one in self.fragments.members(begun)]
            if self._exists(begun):
                return self._end(members, begun)
            self.fragments.assign(JobId(""), members)
        self._note_all(envelope)
        known, now = self.fragments.of(mail), time.time()
        waited_s = self.patience.waited_s([one for one in known if not one.whole], now)
        match partial.judge(envelope.id, known, now, waited_s):
            case Wait() as wait:
                return wait
            case Repeated(whole):
                self.fragments.assign(whole, [envelope.id])
                return self._end([envelope.id], whole)
            case Join() as join:
                return self._join(join)

    def _note(self, directory: Path, envelope: Envelope) -> str:
        """Note a piece; return what its mail is known by, empty for what is no piece."""
        if envelope.origin.kind is not OriginKind.SMTP or is_whole(envelope.id) or len(envelope.originals) != 1:
            return ""
        if noted := self.fragments.mail_of(envelope.id):
            return noted
        path = directory / files.ORIGINAL / envelope.originals[0].stored
        label = label_of(path)
        if label is None:
            return ""
        mail = _mail(envelope, label)
        arrived_at = envelope.arrived_at.timestamp()
        own = Fragment(envelope.id, label.number, label.total, body_sha256(path), arrived_at, JobId(""))
        self.fragments.note(own, mail)
        return mail

    def _note_all(self, own: Envelope) -> None:
        """Note what else came and was not looked at: it may be another piece under the number of one that is here.

        A job that cannot be read is told of when its own turn comes.
        """
        for job in self.journal.jobs((State.ACCEPTED,)):
            if job.origin == str(own.origin) and not self.fragments.mail_of(job.id):
                directory = self.spool.jobs / job.id
                with contextlib.suppress(MailError, CorruptEnvelopeError, FileNotFoundError):
                    self._note(directory, files.read_envelope(directory))

    def _join(self, join: Join) -> JobId:
        members = [one.job for one in (*join.pieces, *join.others)]
        whole = whole_id(min(members))
        directories = [self.spool.jobs / one.job for one in join.pieces]
        pieces = [files.read_envelope(directory) for directory in directories]
        first = min(pieces, key=lambda piece: piece.id)
        self.fragments.assign(whole, members)
        envelope = whole_envelope(first, whole, pieces, join.rejected)
        stored = [
            directory / files.ORIGINAL / piece.originals[0].stored
            for directory, piece in zip(directories, pieces, strict=True)
        ]
        try:
            commit_whole(self.spool, envelope, stored)
            self.journal.admit(envelope, time.time())
        finally:
            self.spool.in_hand.discard(whole)
        return self._end(members, whole)

    def _end(self, members: list[JobId], whole: JobId) -> JobId:
        """End the members, whose files the whole holds too."""
        for member in members:
            job = self.journal.job(member)
            if job is not None and job.state is State.ACCEPTED:
                self.journal.move(member, State.JOINED, time.time(), reason=f"is part of {whole}")
                log(Event.JOB_JOINED, member, whole=whole)
            files.remove(self.spool.jobs / member)
        self.patience.forget(members)
        return whole

    def _exists(self, job_id: JobId) -> bool:
        return self.journal.job(job_id) is not None or files.find(self.spool, job_id) is not None


def _mail(envelope: Envelope, label: Label) -> str:
    """Return what all pieces of one mail have in common; other recipients, and it is another mail."""
    recipients = sorted(address.lower() for address in envelope.recipients)
    return json.dumps([str(envelope.origin), envelope.origin.client, label.mail_id, recipients])
