"""What others do with the same inputs, one conversion a process: peers.py NAME OUT SOURCE..."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

QUALITY = 80
"""Of every contender that encodes JPEG: the converter's own default."""


def img2pdf_internal(out: Path, sources: list[Path]) -> None:
    """The library's own writer."""
    import img2pdf

    with out.open("wb") as file:
        img2pdf.convert([str(path) for path in sources], outputstream=file, engine=img2pdf.Engine.internal)


def img2pdf_pikepdf(out: Path, sources: list[Path]) -> None:
    """The same library over pikepdf."""
    import img2pdf

    with out.open("wb") as file:
        img2pdf.convert([str(path) for path in sources], outputstream=file, engine=img2pdf.Engine.pikepdf)


def pillow_pdf(out: Path, sources: list[Path]) -> None:
    """Pillow's PDF writer, which decodes every page and encodes it anew."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    first, *rest = (Image.open(path) for path in sources)
    encoding = {} if first.mode == "1" else {"quality": QUALITY}
    first.save(out, "PDF", save_all=True, append_images=rest, **encoding)


def pillow_jpeg(out: Path, sources: list[Path]) -> None:
    """The yardstick of encoding: one page decoded, written as JPEG, the next; no PDF around them."""
    from PIL import Image, ImageSequence

    Image.MAX_IMAGE_PIXELS = None
    with out.open("wb") as file:
        for source in sources:
            with Image.open(source) as image:
                for page in ImageSequence.Iterator(image):
                    page.save(file, "JPEG", quality=QUALITY)


def pikepdf_pass(out: Path, sources: list[Path]) -> None:
    """The least code that passes G4 strips and JPEGs through pikepdf."""
    import pikepdf
    from pikepdf import Dictionary, Name

    pdf = pikepdf.new()
    for entries, data, size_pt in _passed(sources):
        image = pikepdf.Stream(pdf, data, Type=Name.XObject, Subtype=Name.Image, BitsPerComponent=entries.pop("Bits"))
        image.update(Dictionary(**entries))
        width, height = size_pt
        drawing = pikepdf.Stream(pdf, f"q {width} 0 0 {height} 0 0 cm /Im Do Q".encode())
        resources = Dictionary(XObject=Dictionary(Im=image))
        page = Dictionary(Type=Name.Page, MediaBox=[0, 0, width, height], Resources=resources, Contents=drawing)
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    pdf.save(out, compress_streams=False)


def _passed(sources: list[Path]):  # noqa: ANN202 -- dictionary entries, data and size of each page
    from pikepdf import Dictionary, Name
    from PIL import Image

    for source in sources:
        data = source.read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            size_pt = (image.width * 72 / 300, image.height * 72 / 300)
            size = {"Width": image.width, "Height": image.height}
            if image.format == "JPEG":
                yield {**size, "Bits": 8, "ColorSpace": Name.DeviceRGB, "Filter": Name.DCTDecode}, data, size_pt
                continue
            for frame in range(image.n_frames):
                image.seek(frame)
                (offset,), (length,) = image.tag_v2[273], image.tag_v2[279]
                parameters = Dictionary(K=-1, Columns=image.width, Rows=image.height)
                parameters.BlackIs1 = image.tag_v2[262] == 1
                entries = {**size, "Bits": 1, "ColorSpace": Name.DeviceGray, "Filter": Name.CCITTFaxDecode}
                yield {**entries, "DecodeParms": parameters}, data[offset : offset + length], size_pt


def pikepdf_clean(out: Path, sources: list[Path]) -> None:
    """The least code that cleans a PDF in place with pikepdf, streams untouched."""
    import pikepdf

    with pikepdf.open(sources[0]) as pdf:
        for key in set(pdf.Root.keys()) - {"/Type", "/Pages"}:
            del pdf.Root[key]
        for page in pdf.pages:
            for key in {"/AA", "/Annots"} & set(page.obj.keys()):
                del page.obj[key]
        del pdf.docinfo
        pdf.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def pypdf_clean(out: Path, sources: list[Path]) -> None:
    """The same with pypdf, which copies."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for page in PdfReader(sources[0]).pages:
        for key in {"/AA", "/Annots"} & set(page):
            del page[key]
        writer.add_page(page)
    writer.write(out)


def ocrmypdf_without_ocr(out: Path, sources: list[Path]) -> None:
    """OCRmyPDF with its text recognition switched off, over the PDF that img2pdf makes of images."""
    import ocrmypdf

    source = sources[0]
    if source.suffix != ".pdf":
        source = out.with_suffix(".img2pdf")
        img2pdf_internal(source, sources)
    ocrmypdf.ocr(source, out, output_type="pdf", tesseract_timeout=0, force_ocr=False, skip_text=True, optimize=0)
    source.with_suffix(".img2pdf").unlink(missing_ok=True)


PEERS: dict[str, Callable[[Path, list[Path]], None]] = {
    peer.__name__: peer
    for peer in (
        img2pdf_internal,
        img2pdf_pikepdf,
        pillow_pdf,
        pillow_jpeg,
        pikepdf_pass,
        pikepdf_clean,
        pypdf_clean,
        ocrmypdf_without_ocr,
    )
}

if __name__ == "__main__":
    PEERS[sys.argv[1]](Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
