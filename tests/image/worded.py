"""Pages with real text, drawn in a real font, that a text recogniser can read."""

from PIL import Image, ImageDraw, ImageFont

WORDS = """
Received with thanks your quotation of twelve folding tables and forty chairs for the village hall.
Kindly deliver them before Thursday evening, because the wedding party arrives on Friday morning.
Our caretaker will unlock the gate at seven; please use the narrow lane behind the church, since
the square is closed for the market. Payment follows within thirty days by bank transfer, under
invoice number 48213. Should any piece be damaged, exchange it quickly, as extra guests are expected.
Yours truly, Josephine Maxwell, treasurer of the parish council, 27 Quarry Bank, Zetland.
""".split()
"""Every letter of the alphabet, in words that any English dictionary holds."""

SEEN = ("quotation", "caretaker", "Thursday", "48213", "Josephine")
"""Words that must be found again."""


def worded(dpi: int = 200, skew: float = 0.0, turn: int = 0, mode: str = "1") -> Image.Image:
    """An A4 page of these words.

    ``skew`` degrees, anticlockwise, that it lies askew; ``turn`` is 90, 180 or 270 clockwise.
    """
    width_px, height_px = round(8.27 * dpi), round(11.69 * dpi)
    image = Image.new("L", (width_px, height_px), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=12 / 72 * dpi)
    lines, line = [], ""
    for word in WORDS * 3:
        if draw.textlength(f"{line} {word}", font=font) > width_px - 2 * dpi:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    for number, text in enumerate([*lines, line]):
        draw.text((dpi, dpi + number * dpi / 4), text, font=font, fill=0)
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
        return sum((one - other) ** 2 for one, other in zip(rows, rows[1:], strict=False))

    return max((step / 4 for step in range(-20, 21)), key=unevenness)
