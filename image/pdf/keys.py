"""Which keys of an incoming PDF stay, and which are taken out wherever they stand."""

PAGE_KEYS = frozenset(
    {"/Type", "/Parent", "/MediaBox", "/CropBox", "/Rotate", "/Contents", "/Resources", "/UserUnit", "/Group"}
)
TRAILER_KEYS = frozenset({"/Root", "/Size", "/ID", "/Encrypt", "/Prev", "/XRefStm"})
NODE_KEYS = frozenset({"/Type", "/Parent", "/Kids", "/Count"})
ROOT_KEYS = frozenset({"/Type", "/Pages", "/OCProperties"})
"""What stays. Layers (OCProperties) stay because without them layers that were hidden would be shown."""

STREAM_KEYS = frozenset({"/Length", "/Filter", "/DecodeParms"})
"""ISO 32000-1 table 5, without what fetches a stream's data from another file."""

IMAGE_KEYS = STREAM_KEYS | frozenset(
    {"/Type", "/Subtype", "/Width", "/Height", "/ColorSpace", "/BitsPerComponent", "/Intent", "/ImageMask", "/Mask"}
    | {"/Decode", "/Interpolate", "/SMask", "/SMaskInData", "/Name", "/OC", "/Matte"}
)
"""ISO 32000-1 tables 89 and 146, without alternates, OPI, metadata and web capture."""

FORM_KEYS = STREAM_KEYS | frozenset(
    {"/Type", "/Subtype", "/FormType", "/BBox", "/Matrix", "/Resources", "/Group", "/Name", "/OC"}
)
"""ISO 32000-1 table 95, without pages of other files, PostScript, metadata and private data."""

RESOURCE_KEYS = frozenset(
    {"/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/XObject", "/Font", "/ProcSet", "/Properties"}
)
"""ISO 32000-1 table 33."""

OBJECT_KEYS = {"/Image": IMAGE_KEYS, "/Form": FORM_KEYS}
"""What stays of an image or form, by its subtype."""

ACTIVE_KEYS = frozenset(
    {"/A", "/AA", "/AF", "/Alternates", "/EF", "/JS", "/JavaScript", "/Metadata", "/OPI", "/OpenAction", "/PieceInfo"}
    | {"/Ref", "/RichMedia", "/StructParent", "/StructParents", "/URI", "/Thumb", "/LastModified", "/CreatorInfo"}
    | {"/XFA", "/Launch", "/EmbeddedFiles", "/Level1", "/PS"}
)
"""Keys below a page that start something, name a file, or describe who made it; none of them is drawn."""

OUTSIDE_KEYS = frozenset({"/F", "/FFilter", "/FDecodeParms"})
"""ISO 32000-1 table 5: a stream with these takes its data from another file."""

NAME_MAPS = frozenset({"/XObject", "/CharProcs", "/Colorants"})
"""Dictionaries whose keys the file's maker chose: a font's glyph may well be called ``/A``."""


def role_of(parent: str, key: str) -> str:
    """What a dictionary is, from the key it stands under; the entries of ``/Resources`` are maps of names."""
    if parent == "/Resources":
        return "/XObject"
    return key if parent not in NAME_MAPS and key in {"/Resources", *NAME_MAPS} else ""
