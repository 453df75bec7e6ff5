"""Damages small scans and converts each in a process of its own; what is no result and no refusal lands in var/fuzz.

Of every third one several pages are made, which are then made to fit the mail.
"""

import faulthandler
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# What is loaded here need not be loaded again in every process that is forked.
import pypdf  # noqa: E402, F401

from image.convert import to_pdf  # noqa: E402 -- the path comes first
from image.document import Limits  # noqa: E402
from image.errors import ScanError, ScanFault  # noqa: E402
from image.recipe import Recipe  # noqa: E402
from tests.image.archive_rules import broken_rules  # noqa: E402
from tests.image.archived_scans import CLAIM  # noqa: E402
from tests.image.finishing import finish  # noqa: E402
from tests.image.mutated import mutated, random_edits  # noqa: E402
from tests.image.small_scans import small_scans  # noqa: E402

CORPUS = ROOT.parent / "shared" / "corpus"
CORPUS_FILE_BYTES = 60_000
FOUND = ROOT / "var" / "fuzz"
LIMITS = Limits(pages=200, pixels=4_000_000, decoded_bytes=32_000_000, output_bytes=64_000_000)
MADE_AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
CPU_S = 10
MEMORY_BYTES = 1_500_000_000
KEPT_OF_A_KIND = 3
CAUGHT_BY_THE_NET = re.compile(r"cannot be read \((\w+)\)")
"""The sentence of ``to_pdf`` about an error that nobody foresaw: a refusal, but one that says too little."""

DELIVERED, REFUSED, FOUND_CODE = 0, 76, 77


def seeds(ending: str) -> Mapping[str, bytes]:
    """The whole files that are damaged, ours and, when present, the corpus's small ones."""
    files = dict(small_scans())
    if CORPUS.exists():
        files |= {
            f"corpus-{path.name}": path.read_bytes()
            for path in sorted(CORPUS.iterdir())
            if path.suffix in {".tif", ".jpg", ".png", ".bmp", ".gif", ".jp2", ".pdf"}
            and path.stat().st_size < CORPUS_FILE_BYTES
        }
    return {name: data for name, data in files.items() if ending in {"all", name.rpartition(".")[2]}}


def main() -> int:
    """Run for a time; exit code 1 when something was found."""
    arguments = sys.argv[1:] + ["600", "all", str(int(time.time()))][len(sys.argv) - 1 :]
    seconds, ending, seed = float(arguments[0]), arguments[1], int(arguments[2])
    files = seeds(ending)
    if not files:
        print(f"There is no seed file of the format '{ending}'.", file=sys.stderr)
        return 2
    print(f"seed {seed}, {len(files)} files, {seconds:.0f} s", flush=True)
    FOUND.mkdir(parents=True, exist_ok=True)
    until, number, kinds, delivered = time.monotonic() + seconds, 0, Counter[str](), 0
    with tempfile.TemporaryDirectory(prefix="scangate-fuzz-") as folder:
        while time.monotonic() < until:
            name, data = case(files, seed, number)
            code, kind, told = tried(Path(folder), data, number)
            delivered += code == DELIVERED
            if kind:
                kinds[kind] += 1
                if kinds[kind] <= KEPT_OF_A_KIND:
                    stem = f"{seed}-{number}"
                    (FOUND / f"{stem}-{name}").write_bytes(data)
                    (FOUND / f"{stem}.txt").write_text(f"{kind}\n\n{told}", encoding="utf-8")
                    print(f"found: {kind} in {stem}-{name}", flush=True)
            number += 1
    print(f"{number} damaged files, {delivered} delivered, {sum(kinds.values())} finds")
    for kind, count in kinds.most_common():
        print(f"{count:6} {kind}")
    return 1 if kinds else 0


def case(files: Mapping[str, bytes], seed: int, number: int) -> tuple[str, bytes]:
    """The damaged file number ``number`` of a seed, and the name of the file it was."""
    random = Random(seed << 32 | number)  # noqa: S311 -- to be repeated, not to be secret
    name = random.choice(list(files))
    other = files[random.choice(list(files))]
    return name, mutated(files[name], other, random_edits(random))


def tried(folder: Path, data: bytes, number: int) -> tuple[int, str, str]:
    """What converting ``data`` came to: exit code, the kind of find (empty: none), and what was said of it."""
    source, said = folder / "scan", folder / "said"
    source.write_bytes(data)
    said.write_bytes(b"")
    pid = os.fork()
    if pid == 0:
        os._exit(converted(source, folder / "out.pdf", said, number))
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    told = said.read_text(encoding="utf-8", errors="replace")
    left = sorted(path.name for path in folder.glob("out.pdf*"))
    for name in left:
        (folder / name).unlink()
    if code in {DELIVERED, REFUSED} and left == ["out.pdf"] * (code == DELIVERED):
        return code, "", ""
    if code in {DELIVERED, REFUSED}:
        return code, "left files behind", " ".join(left)
    if code == FOUND_CODE:
        return code, told.partition("\n")[0], told
    where = re.search(r'File "(?:[^"]*/)?([^"/]+)", line (\d+)', told)
    at = f" at {where[1]}:{where[2]}" if where else ""
    return code, (f"hang{at}" if code == -signal.SIGXCPU else f"ended with {code}{at}"), told


def converted(source: Path, out: Path, said: Path, number: int) -> int:
    """Runs in the forked process: converts, and returns its exit code; writes to ``said`` what was found."""
    recipe = Recipe(colour="lossless" if number % 2 else "jpeg")
    is_finished = number % 3 == 0
    with said.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 2)
        faulthandler.enable(file)
        faulthandler.register(signal.SIGXCPU, file=file, chain=True)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 2))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            document = to_pdf([source] * (3 if is_finished else 1), out, LIMITS, MADE_AT, recipe)
            data = out.read_bytes()
            if CLAIM in data and (broken := broken_rules(data)):
                said.write_text("\n".join(["claims to be PDF/A and is not", *broken]), encoding="utf-8")
                return FOUND_CODE
            if is_finished:
                finish(document, Random(number), LIMITS)  # noqa: S311 -- to be repeated, not to be secret
        except ScanError as error:
            return _refused(file.name, error, is_finished=out.exists())
        except BaseException as error:  # noqa: BLE001 -- whatever it is, it is a find
            return _tell(file.name, "came out", error)
    return DELIVERED


def _refused(name: str, error: ScanError, *, is_finished: bool) -> int:
    cause = error.__cause__ or error
    if is_finished:
        return _tell(name, "a finished PDF was refused", cause)
    if CAUGHT_BY_THE_NET.search(error.sentence) or isinstance(cause, MemoryError):
        return _tell(name, "caught by the net", cause)
    if error.fault is ScanFault.CRASHED:
        return _tell(name, "did not pass its check", error)
    return REFUSED


def _tell(name: str, how: str, error: BaseException) -> int:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/image/" in frame.filename]
    at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    text = "".join(traceback.format_exception(error))
    Path(name).write_text(f"{how}: {type(error).__name__} at {at}\n{text}", encoding="utf-8")
    return FOUND_CODE


if __name__ == "__main__":
    sys.exit(main())
