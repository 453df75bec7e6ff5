"""Every event the service can log, and the one way to log it: a line on stderr, job id first."""

import logging
import sys
from enum import StrEnum
from typing import Literal, cast

# Where structlog finds rich it loads it, to colour tracebacks on a terminal: 6 MB and 60 ms more for every service.
_modules = cast("dict[str, object]", sys.modules)
_is_without_rich = _modules.setdefault("rich", None) is None
try:
    import structlog
finally:
    if _is_without_rich:
        del _modules["rich"]


class Event(StrEnum):
    """The name on the line. OPERATIONS.md says of each what to do; a test holds the two equal."""

    SERVICE_STARTED = "service-started"
    SERVICE_READY = "service-ready"
    SERVICE_STOPPED = "service-stopped"
    CONFIG_WARNING = "config-warning"
    SHARE_FAULT = "share-fault"
    SHARE_RECOVERED = "share-recovered"
    SHARE_HELD = "share-held"
    SHARES_CLOSED = "shares-closed"
    SHARES_OPENED = "shares-opened"
    SMB_REFUSED = "smb-refused"
    SHARE_ALERT = "share-alert"
    NOTICE_DIGEST = "notice-digest"
    STATUS_FAULT = "status-fault"
    STATUS_RECOVERED = "status-recovered"
    FAILED_PRUNED = "failed-pruned"
    SPOOL_PRUNED = "spool-pruned"
    SMTP_LISTENING = "smtp-listening"
    SMTP_REFUSED = "smtp-refused"
    SMTP_LOST = "smtp-lost"
    SMTP_PAUSED = "smtp-paused"
    SMTP_HEARD = "smtp-heard"
    SMTP_REPEAT = "smtp-repeat"
    SMTP_TLS_FAULT = "smtp-tls-fault"
    SPACE_LOW = "space-low"
    LOCAL_FAULT = "local-fault"
    JOB_ACCEPTED = "job-accepted"
    JOB_PIECE = "job-piece"
    JOB_JOINED = "job-joined"
    JOB_READY = "job-ready"
    JOB_SENT = "job-sent"
    JOB_DEFERRED = "job-deferred"
    JOB_FAILED = "job-failed"
    JOB_TOLD = "job-told"
    JOB_UNCERTAIN = "job-uncertain"
    JOB_HELD = "job-held"
    JOB_RELEASED = "job-released"
    JOB_DROPPED = "job-dropped"
    JOB_ADOPTED = "job-adopted"
    JOB_GIVEN_BACK = "job-given-back"
    JOB_QUARANTINED = "job-quarantined"
    RECIPIENT_REFUSED = "recipient-refused"
    ROUTE_PAUSED = "route-paused"
    ROUTE_SLOWED = "route-slowed"
    ROUTE_DEADLINE = "route-deadline"
    ROUTE_RESUMED = "route-resumed"
    ROUTE_RECOVERED = "route-recovered"
    BINARY_REFUSED = "binary-refused"
    ROUTE_PASSED_OVER = "route-passed-over"
    RENEWAL_FAILED = "renewal-failed"
    SIGNED_IN = "signed-in"
    SELF_TEST = "self-test"
    CREDENTIAL_EXPIRES = "credential-expires"
    ROUTE_ALERT = "route-alert"
    JOURNAL_REBUILT = "journal-rebuilt"
    SWEPT = "swept"


_PROBLEMS = frozenset(
    {
        Event.CONFIG_WARNING,
        Event.SHARE_FAULT,
        Event.SHARE_HELD,
        Event.SHARES_CLOSED,
        Event.SMB_REFUSED,
        Event.SHARE_ALERT,
        Event.NOTICE_DIGEST,
        Event.STATUS_FAULT,
        Event.SMTP_REFUSED,
        Event.SMTP_LOST,
        Event.SMTP_PAUSED,
        Event.SMTP_TLS_FAULT,
        Event.SPACE_LOW,
        Event.LOCAL_FAULT,
        Event.JOB_DEFERRED,
        Event.JOB_FAILED,
        Event.JOB_UNCERTAIN,
        Event.JOB_HELD,
        Event.JOB_QUARANTINED,
        Event.RECIPIENT_REFUSED,
        Event.ROUTE_PAUSED,
        Event.BINARY_REFUSED,
        Event.ROUTE_SLOWED,
        Event.ROUTE_DEADLINE,
        Event.RENEWAL_FAILED,
        Event.CREDENTIAL_EXPIRES,
        Event.ROUTE_ALERT,
        Event.JOURNAL_REBUILT,
    }
)


def configure(form: Literal["text", "json"]) -> None:
    """Make ``log`` write key=value (``text``) or one JSON object a line (``json``) to stderr, time in UTC.

    Loggers of the libraries are silenced below errors: what they have to say about a scan, an event here says.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.processors.LogfmtRenderer(
            key_order=["job", "event", "level", "timestamp"], drop_missing=True, bool_as_flag=False
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),  # text and line end in one write
        cache_logger_on_first_use=False,
    )
    for name in ("mail", "watchdog", "msal", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # what it says then is a fault of ours that nobody caught


def log(event: Event, job: str | None = None, *, error: BaseException | None = None, **fields: object) -> None:
    """Write one line: the event, the job it concerns, and facts about it; never contents, never secrets.

    ``error`` adds the traceback: only for a fault of our own code, once, around one job.
    """
    shown = {key: value for key, value in fields.items() if value is not None}
    if job is not None:
        shown = {"job": job, **shown}
    if error is not None:
        shown["exc_info"] = error
    logger = structlog.get_logger()
    if event in _PROBLEMS:
        logger.warning(event.value, **shown)
    else:
        logger.info(event.value, **shown)
