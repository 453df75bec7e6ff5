"""What replies make of recipients: who has the scan, and who is refused it."""

from collections.abc import Mapping

from conf.model import Address
from gateway.events import Event, log
from gateway.spool.job import Fate, JobId
from gateway.spool.reply import Deferral, Receipt, Refusal, Verdict


def final_fates(job_id: JobId, upstream: str, verdicts: Mapping[Address, Verdict]) -> dict[Address, tuple[Fate, str]]:
    """Return the fate and the reply of each recipient whose verdict is final; a refusal is logged, a deferral waits."""
    fates: dict[Address, tuple[Fate, str]] = {}
    for address, verdict in verdicts.items():
        match verdict:
            case Receipt(said):
                fates[address] = (Fate.SENT, said)
            case Refusal(said, scope, advice, kind):
                fates[address] = (Fate.FAILED, f"{said} ({advice})" if advice else said)
                log(
                    Event.RECIPIENT_REFUSED,
                    job_id,
                    recipient=address,
                    upstream=upstream,
                    reply=kind or None,
                    said=said,
                    scope=scope.value,
                )
            case Deferral():
                continue
    return fates
