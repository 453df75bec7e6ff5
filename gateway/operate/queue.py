"""The queue and one job of it, for the terminal and as JSON."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from gateway.operate.records import age_s, as_json, moment, span
from gateway.spool.job import Job, JobId, State
from gateway.spool.journal import Journal


def show_queue(journal: Journal, console: Console, *, is_json: bool, lifetime_s: float | None = None) -> None:
    """Print what is owed, oldest last, and the failures that wait for a person.

    With ``lifetime_s`` also when what waits is given up: it goes on while an upstream is at fault.
    """
    waiting = journal.jobs()
    troubled = journal.jobs((State.FAILED, State.QUARANTINE), limit=20)
    if is_json:
        console.print_json(json.dumps([as_json(job, lifetime_s) for job in (*waiting, *troubled)]))
        return
    if not waiting and not troubled:
        console.print("The queue is empty.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("JOB", "STATE", "AGE", "SCAN"):
        table.add_column(heading, no_wrap=heading != "SCAN", overflow="fold")
    for job in (*waiting, *troubled):
        table.add_row(job.id, job.state.value, span(age_s(job)), _what(job, lifetime_s))
    console.print(table)


def _what(job: Job, lifetime_s: float | None) -> str:
    to = ", ".join(recipient.address for recipient in job.recipients)
    line = f"{job.title or job.origin} to {to or 'nobody'}"
    lines = [line, job.reason] if job.reason else [line]
    if job.state is State.DEFERRED and lifetime_s is not None:
        lines.append(f"given up at {moment(job.created_at + lifetime_s)}")
    return "\n".join(lines)


def show_job(
    journal: Journal, job_id: str, console: Console, *, is_json: bool, lifetime_s: float | None = None
) -> bool:
    """Print everything known of one job; False when the journal does not know it."""
    job = journal.job(JobId(job_id))
    if job is None:
        return False
    history = journal.history(job.id)
    if is_json:
        steps: list[dict[str, Any]] = [
            {"at": at, "state": state.value, "detail": detail} for at, state, detail in history
        ]
        console.print_json(json.dumps({**as_json(job, lifetime_s), "history": steps}))
        return True
    console.print(f"{job.id}  {job.state.value}{'  (may have been delivered twice)' if job.is_uncertain else ''}")
    console.print(f"Scan:      {job.title or '(not yet known)'}")
    console.print(f"From:      {job.origin}, {moment(job.created_at)}")
    console.print(f"Size:      {job.pages or '?'} page{'' if job.pages == 1 else 's'}, {job.size_bytes} bytes")
    if job.reason:
        console.print(f"Reason:    {job.reason}")
    if job.state is State.DEFERRED:
        console.print(f"Next try:  {moment(job.next_try_at)} (attempts so far: {job.attempts})")
        if lifetime_s is not None:
            console.print(f"Given up:  {moment(job.created_at + lifetime_s)}")
    for recipient in job.recipients:
        line = f"To:        {recipient.address}  {recipient.fate.value}  {recipient.upstream}  {recipient.reply}"
        console.print(line.rstrip())
    console.print("History:")
    for at, state, detail in history:
        console.print(f"  {moment(at)}  {state.value:<10} {detail}".rstrip())
    return True
