"""Makes the inputs of the benchmark and keeps them: a folder named after what draws them holds them once."""

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import PIL
from PIL import Image, TiffImagePlugin

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))

from normalise_bench.bombs import BOMBS  # noqa: E402 -- found once the path is set
from normalise_bench.pages import bilevel_page, colour_page  # noqa: E402 -- the same

DPI = (300, 300)
DIFFERENT_JPEGS = 20
ONE_STRIP = 1 << 30
STRIP_OF_128_ROWS = 128 * 310

JAVASCRIPT = "app.alert('printed');"


def make_inputs(parent: Path) -> Path:
    """The folder below ``parent`` in which every input stands, made when it is not there."""
    sources = sorted(HERE.glob("*.py"))
    makers = [path for path in sources if path.name in {"inputs.py", "pages.py", "bombs.py"}]
    stamp = hashlib.sha256(b"".join(path.read_bytes() for path in makers) + PIL.__version__.encode()).hexdigest()[:12]
    folder = parent / f"normalise-{stamp}"
    folder.mkdir(parents=True, exist_ok=True)
    for old in parent.glob("normalise-*"):
        if old != folder:
            shutil.rmtree(old)
    for name, make in _makers().items():
        if not (folder / name).exists():
            if not name.startswith("b-") or name == "b-000.jpg":
                print(f"making {name}", file=sys.stderr, flush=True)
            unfinished = folder / f"unfinished-{name}"
            make(unfinished, folder)
            unfinished.rename(folder / name)
    return folder


def _makers() -> dict[str, Callable[[Path, Path], None]]:
    """Each file, and what makes it out of nothing or of those before it."""
    makers: dict[str, Callable[[Path, Path], None]] = {
        "a.tif": lambda path, _: _bilevel_tiff(path, 50, ONE_STRIP),
        "a2.tif": lambda path, _: _bilevel_tiff(path, 50, STRIP_OF_128_ROWS),
        "d.tif": lambda path, _: _bilevel_tiff(path, 200, ONE_STRIP),
        "c.tif": lambda path, _: _colour_tiff(path, 20),
        "e.tif": lambda path, _: _large_tiff(path),
    }
    for number in range(200):
        makers[f"b-{number:03}.jpg"] = lambda path, folder, number=number: _jpeg(path, folder, number)
    makers["f.pdf"] = lambda path, folder: _pdf(path, sorted(folder.glob("b-*.jpg")))
    for bomb in BOMBS:
        makers[bomb.name] = lambda path, _, bomb=bomb: bomb.write(path)
    return makers


def _append(path: Path, pages: Iterator[Image.Image], **options: object) -> None:
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as tiff:
        for page in pages:
            page.save(tiff, "TIFF", dpi=DPI, **options)
            tiff.newFrame()


def _bilevel_tiff(path: Path, count: int, strip_size: int) -> None:
    _append(path, (bilevel_page(number) for number in range(count)), compression="group4", strip_size=strip_size)


def _colour_tiff(path: Path, count: int) -> None:
    _append(path, (colour_page(number) for number in range(count)), compression="tiff_lzw")


def _large_tiff(path: Path) -> None:
    page = colour_page(0)
    large = page.resize((page.width * 2, page.height * 2), Image.Resampling.BICUBIC)
    large.save(path, "TIFF", dpi=(600, 600), compression="raw")


def _jpeg(path: Path, folder: Path, number: int) -> None:
    if number < DIFFERENT_JPEGS:
        colour_page(number).save(path, "JPEG", quality=80, dpi=DPI)
        return
    data = (folder / f"b-{number % DIFFERENT_JPEGS:03}.jpg").read_bytes()
    # A comment segment (T.81 B.2.4.5) makes each of them a file of its own.
    comment = f"copy {number:09}".encode()
    path.write_bytes(data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:])


def _pdf(path: Path, jpegs: list[Path]) -> None:
    """What a scanner with ideas of its own writes: scripts, links, an attachment and who scanned it."""
    import pikepdf
    from pikepdf import Array, Dictionary, Name

    pdf = pikepdf.new()
    script = Dictionary(S=Name.JavaScript, JS=JAVASCRIPT)
    for number, jpeg in enumerate(jpegs):
        image = pikepdf.Stream(pdf, jpeg.read_bytes(), Type=Name.XObject, Subtype=Name.Image)
        image.update(
            Dictionary(Width=2480, Height=3508, BitsPerComponent=8, ColorSpace=Name.DeviceRGB, Filter=Name.DCTDecode)
        )
        page = Dictionary(
            Type=Name.Page,
            MediaBox=[0, 0, 595.2, 841.92],
            Resources=Dictionary(XObject=Dictionary(Im=image)),
            Contents=pikepdf.Stream(pdf, b"q 595.2 0 0 841.92 0 0 cm /Im Do Q"),
            AA=Dictionary(O=script),
        )
        if number % 20 == 0:
            link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[50, 50, 200, 80], Border=[0, 0, 0])
            link.A = Dictionary(S=Name.URI, URI=f"https://example.com/{number}")
            page.Annots = Array([pdf.make_indirect(link)])
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    pdf.attachments["note.txt"] = b"an attachment"
    pdf.Root.OpenAction = script
    pdf.Root.Names.JavaScript = Dictionary(Names=Array([pikepdf.String("start"), script]))
    pdf.docinfo["/Author"] = "scanner in the corridor"
    with pdf.open_metadata() as metadata:
        metadata["dc:creator"] = ["scanner in the corridor"]
    pdf.save(path, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)


if __name__ == "__main__":
    print(make_inputs(Path(sys.argv[1])))
