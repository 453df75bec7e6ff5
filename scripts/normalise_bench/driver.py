"""Converts or copies as told on stdin, a JSON line a scan, and says what each took: the process of a contender.

``worker``: worker.convert, as the service calls it: a job's own process, forked from a server. ``child``: to_pdf in a
forked child that has every module loaded. ``copy``: a forked child that reads and writes the bytes. ``proving`` is
``worker`` with the service's own check of what is passed; the others look at its ends alone.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
MEMORY_BYTES = 1_000_000_000
TIMEOUT_S = 300.0
BLOCK_BYTES = 256 * 1024


def main() -> int:
    """Answers every line of stdin with one of stdout."""
    way = sys.argv[1]
    if way in {"worker", "proving"}:
        asyncio.run(_through_worker("quick" if way == "worker" else "auto"))
        return 0
    work = _copy if way == "copy" else _converter()
    for line in sys.stdin:
        asked = json.loads(line)
        _answer(_in_child(work, [Path(source) for source in asked["sources"]], Path(asked["out"])))
    return 0


async def _through_worker(check: str) -> None:
    from image.confined.exchange import Usage
    from image.confined.worker import convert
    from image.document import Limits
    from image.errors import ScanError
    from image.recipe import Check, Recipe

    recipe = Recipe(check=Check(check))
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        before_s, began = _spent_s(), time.perf_counter()
        fault = ""
        used: list[Usage] = []
        try:
            await convert(
                [Path(source) for source in asked["sources"]],
                Path(asked["out"]),
                Limits(),
                MADE_AT,
                recipe,
                memory_bytes=MEMORY_BYTES,
                timeout_s=TIMEOUT_S,
                usage=used.append,
            )
        except (ScanError, OSError) as error:
            fault = error.fault if isinstance(error, ScanError) else f"OSError {error}"
        wall_s = time.perf_counter() - began
        server_kib = max((_peak_kib(pid) for pid in _below(os.getpid())), default=0)
        peak_kib = max((one.peak_bytes // 1024 for one in used), default=0)
        cpu_s = _spent_s() - before_s + sum(one.cpu_s for one in used)
        _answer({"wall_s": wall_s, "cpu_s": cpu_s, "peak_kib": peak_kib, "server_kib": server_kib, "fault": fault})


def _copy(sources: list[Path], out: Path) -> None:
    with out.open("wb", buffering=0) as target:
        for source in sources:
            with source.open("rb", buffering=0) as file:
                while block := file.read(BLOCK_BYTES):
                    target.write(block)


def _converter() -> Callable[[list[Path], Path], object]:
    """to_pdf, with everything loaded that a conversion may import."""
    import pypdf
    from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

    import image.codec.frames
    import image.convert
    import image.pdf.clean
    import image.verify
    from image.document import Limits
    from image.recipe import Check, Recipe

    recipe = Recipe(check=Check.QUICK)
    assert all((pypdf, Image, BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin))
    return lambda sources, out: image.convert.to_pdf(sources, out, Limits(), MADE_AT, recipe)


def _in_child(work: Callable[[list[Path], Path], object], sources: list[Path], out: Path) -> dict[str, object]:
    told, tells = os.pipe()
    began = time.perf_counter()
    child = os.fork()
    if not child:
        try:
            work(sources, out)
            os.write(tells, str(_private_kib()).encode())
        except Exception as error:  # noqa: BLE001 -- whatever it is, this child must not go on as its parent
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    wall_s = time.perf_counter() - began
    os.close(tells)
    private = os.read(told, 32)
    os.close(told)
    return {
        "private_kib": int(private or 0),
        "wall_s": wall_s,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_kib": used.ru_maxrss,
        "fault": f"exit code {os.waitstatus_to_exitcode(status)}" if status else "",
    }


def _below(pid: int) -> list[int]:
    """The processes started by ``pid``, and by those, that are there now."""
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                found += [int(child), *_below(int(child))]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def _peak_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def _private_kib() -> int:
    """What this process shares with no other now."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def _spent_s() -> float:
    """Processor seconds so far of this process and of those below it, without what a job's own process took."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    spent_s = own.ru_utime + own.ru_stime
    for pid in _below(os.getpid()):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # proc(5): fields 14 and 15, counted from 1 with the name as 2; in steps of 10 ms.
        spent_s += sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")
    return spent_s


def _answer(said: dict[str, object]) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    sys.exit(main())
