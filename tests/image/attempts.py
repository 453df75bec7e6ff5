"""Code run in a process that has confined itself as a child of the fork server does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from image.confined.exchange import Request, Task, request_to_json
from image.document import Limits
from image.recipe import Recipe
from tests.image.through_worker import MADE_AT, ROOT

FRAME = """
import errno, json, os, sys
from image.confined import confine
from image.confined.exchange import request_from_json
BEFORE
request = request_from_json(sys.argv[1].encode())
out, source, told = request.out, request.sources[0], {}
ATTEMPTS = []
def attempt(function):
    ATTEMPTS.append(function)
SETUP
confine.confine(request)
for function in ATTEMPTS:
    try:
        told[function.__name__] = function() or "done"
    except OSError as error:
        told[function.__name__] = errno.errorcode[error.errno]
    except Exception as error:
        told[function.__name__] = type(error).__name__
print(json.dumps(told))
"""


def confined(folder: Path, setup: str, before: str = "", cpu_s: int = 30, output_bytes: int = 1_000_000) -> Any:
    """What became of each function that ``setup`` marks ``@attempt``: its result, ``done``, or its error.

    There is a source in ``folder/in`` and ``out`` is to come in ``folder/out``; ``setup`` runs before the process is
    confined, ``before`` before anything else. A process that gives no answer is named by its exit code.
    """
    (folder / "in").mkdir(exist_ok=True)
    (folder / "out").mkdir(exist_ok=True)
    source = folder / "in" / "scan"
    source.write_bytes(b"scan")
    request = Request(
        task=Task.CONVERT,
        sources=(source,),
        out=folder / "out" / "out.pdf",
        limits=Limits(output_bytes=output_bytes),
        recipe=Recipe(),
        made_at=MADE_AT,
        memory_bytes=300_000_000,
        cpu_s=cpu_s,
    )
    code = FRAME.replace("BEFORE", before).replace("SETUP", setup)
    command = [sys.executable, "-c", code, request_to_json(request).decode()]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return json.loads(result.stdout) if result.stdout else result.returncode
