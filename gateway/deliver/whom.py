"""Who hears of a failure by mail: the person who scanned and the admins, or those who wait; never a stranger."""

from collections.abc import Iterator

from conf.carry import is_listed
from conf.model import Address, Config
from conf.owner import owner_of
from gateway.deliver.delivery_status import is_about_size
from gateway.deliver.post import reachable
from gateway.spool.envelope import Envelope, OriginKind
from gateway.spool.job import Fate, Job
from hotfolder.settle import NOT_A_SCAN


def whom(config: Config, job: Job, envelope: Envelope | None, reply_to: Address | None) -> tuple[Address, ...]:
    """Return who hears of a failure, each once: the person who scanned, then the admins.

    When that is nobody, those who wait for the scan: a text in a share alone may never be read, nor a queue.
    ``reply_to`` is whom the device's mail names there.
    """
    refused = frozenset(_refused(job))
    likely = () if envelope is None else _person(config, envelope, reply_to)
    person = reachable(config, (one for one in likely if one.lower() not in refused))[:1]
    told = reachable(config, (*person, *config.gateway.admin))
    return told or reachable(config, _waiting(job, envelope, refused))


def _person(config: Config, envelope: Envelope, reply_to: Address | None) -> Iterator[Address]:
    """Yield who may have scanned, the likeliest first, of those whom the door may have mails sent to.

    All of it is what a device says: a made-up address would make us write to strangers.
    """
    name = envelope.origin.name
    match envelope.origin.kind:
        case OriginKind.SMTP:
            listener = next((one for one in config.smtp if one.name == name), None)
            allowed = () if listener is None else listener.recipients
            said = (reply_to, envelope.sender)
            own = config.sender.address.lower()
            yield from (
                one
                for one in said
                if one is not None and is_listed(allowed, one) and (one is envelope.sender or one.lower() != own)
            )
        case OriginKind.SHARE:
            share = next((one for one in config.share if one.name == name), None)
            if share is not None and share.folders == "address":
                folders = dict.fromkeys(original.folder for original in envelope.originals if original.folder)
                owners = (owner_of(share, folder) for folder in folders)
                yield from (one for one in owners if one is not None and is_listed(share.recipients, one))
        case OriginKind.NOTICE:
            return


def _refused(job: Job) -> Iterator[str]:
    """Yield whom the mail server has just refused, in lower case: a notice to them would be refused as well."""
    for one in job.recipients:
        if one.fate is Fate.FAILED and one.upstream and not is_about_size(one.reply):
            yield one.address.lower()


def _waiting(job: Job, envelope: Envelope | None, refused: frozenset[str]) -> tuple[Address, ...]:
    """Return the recipients whom nobody has refused; nobody waits for what is no scan, or a notice."""
    if envelope is None or envelope.origin.kind is OriginKind.NOTICE or envelope.rejected == NOT_A_SCAN:
        return ()
    failed = (one.address for one in job.recipients if one.fate is Fate.FAILED)
    return tuple(one for one in failed if one.lower() not in refused)
