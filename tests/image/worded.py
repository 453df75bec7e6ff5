"""Pages with real text, drawn in a real font, that a text recogniser can read."""

from importlib.resources import as_file, files
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

TEXT = (
    "Received with thanks your quotation of twelve folding tables and forty chairs for the village hall. "
    "Kindly deliver them before Thursday evening, because the wedding party arrives on Friday morning. "
    "Our caretaker will unlock the gate at seven; please use the narrow lane behind the church, since "
    "the square is closed for the market. Payment follows within thirty days by bank transfer, under "
    "invoice number 48213. Should any piece be damaged, exchange it quickly, as extra guests are expected. "
    "Yours truly, Josephine Maxwell, treasurer of the parish council, 27 Quarry Bank, Zetland. "
)
"""Every letter of the alphabet, in words that any English dictionary holds."""

SEEN = {"quotation", "caretaker", "Thursday", "48213", "Josephine"}
"""Words that must be found again."""

FEW, MANY = 9, 30
"""Lines on a page: few are read quickly; many are what tells Tesseract which way is up."""


def worded(lines: int = FEW, skew: float = 0.0, turn: int = 0, mode: str = "1", dpi: int = 200) -> Image.Image:
    """An A4 page with ``lines`` of the words above, in 10 point.

    ``skew`` degrees, anticlockwise, that it lies askew; ``turn`` is 90, 180 or 270 clockwise.
    """
    width_px, height_px, margin_px = round(8.27 * dpi), round(11.69 * dpi), round(0.8 * dpi)
    image = Image.new("L", (width_px, height_px), 255)
    # The one font that is sure to be here. Of Pillow's own, Tesseract is half as sure which way is up.
    with as_file(files("ocrmypdf.data") / "NotoSans-Regular.ttf") as path:
        draw, font = ImageDraw.Draw(image), ImageFont.truetype(path, size=10 / 72 * dpi)
    waiting = TEXT.split(" ")[:-1] * lines
    for number in range(lines):
        line = ""
        while draw.textlength(f"{line} {waiting[0]}", font=font) < width_px - 2 * margin_px:
            line = f"{line} {waiting.pop(0)}".strip()
        draw.text((margin_px, margin_px + number * 13 / 72 * dpi), line, font=font, fill=0)
    image = image.rotate(skew, resample=Image.Resampling.BICUBIC, fillcolor=255)
    image = image.rotate(-turn, expand=True)
    return image.convert("1", dither=Image.Dither.NONE) if mode == "1" else image.convert(mode)


def skew_of(image: Image.Image) -> float:
    """The degrees, anticlockwise, that the lines of a page lie askew: where the rows' ink varies most."""
    small = image.convert("L")
    small = small.resize((small.width * 800 // small.height, 800), Image.Resampling.BOX)

    def unevenness(degrees: float) -> float:
        straight = small.rotate(-degrees, resample=Image.Resampling.BILINEAR, fillcolor=255)
        rows = straight.resize((1, straight.height), Image.Resampling.BOX).tobytes()
        return sum((one - other) ** 2 for one, other in pairwise(rows))

    return max((step / 4 for step in range(-20, 21)), key=unevenness)
