"""Which names in a share are scans and which are droppings, and how a name is shown to people.

Names are the bytes of the file system decoded with surrogateescape, as ``os.scandir`` gives them.
"""

import unicodedata
from typing import Final

STATUS_NAME: Final = "STATUS.txt"
"""Our own report to the people who open the share."""
FAILED_NAME: Final = "_failed"
"""Our own directory of scans that could not be sent; nothing in it is ever a scan again."""
CLAIM_PREFIX: Final = ".scangate-"
"""How a file's name begins on a remote mount between its claim and its removal."""
DISPLAY_LENGTH: Final = 120
"""Most characters of a shown name."""

# Upload and lock names of browsers, FTP and sync clients, and of Windows, macOS and NAS boxes: paperless-ngx#3105,
# paperless-ng#1062; matched without case because exact lists missed variants there.
UPLOAD_ENDINGS: Final = (".tmp", ".part", ".filepart", ".chk", ".lck", ".crdownload")
"""How names of unfinished uploads and of locks end, in lower case."""
_LITTER: Final = frozenset({"thumbs.db", "desktop.ini", "@eadir"})
# Hidden, and no upload's name: what desktops keep in folders, what Office keeps beside an open file, and files that are
# deleted but still open (NFS, FUSE and SMB servers).
_HIDDEN_LITTER: Final = (".ds_store", "._", ".directory", "~$", ".nfs", ".fuse_hidden", ".smbdelete", CLAIM_PREFIX)
# What file systems, Windows and NAS boxes keep for themselves (fsck(8); Windows' NTFS; Synology and QNAP recycle bins).
_SYSTEM_FOLDERS: Final = frozenset(
    {"lost+found", "$recycle.bin", "recycler", "system volume information", "#recycle", "@recycle", "#snapshot"}
)
_OURS: Final = frozenset({STATUS_NAME.lower(), FAILED_NAME})

# Joiners are format characters too, but Persian words and emoji are wrong without them.
_JOINERS: Final = frozenset({"\u200c", "\u200d"})
_SUFFIX_LENGTH: Final = 10


def is_scan_name(name: str) -> bool:
    """Tell whether a file of this name may be a scan; what is in it decides the rest.

    Not a scan: a name that starts with ``.`` or ``~``, ends like an unfinished upload or a lock, is litter of a
    desktop system, or is one of our own. Upper and lower case do not matter.
    """
    folded = name.casefold()
    if folded in _LITTER or folded in _OURS:
        return False
    return folded != "" and not folded.startswith((".", "~")) and not folded.endswith(UPLOAD_ENDINGS)


def is_upload_name(name: str) -> bool:
    """Tell whether a file of this name may be a scan under way, which bears its own name once it is whole.

    So uploads and temporary files are called: hidden, ``~`` first, or with an ending of their own.
    """
    folded = name.casefold()
    if is_scan_name(name) or folded in _LITTER or folded in _OURS:
        return False
    return folded != "" and not folded.startswith(_HIDDEN_LITTER)


def is_folder_name(name: str) -> bool:
    """Tell whether a folder of this name may hold scans, where a share has folders for them.

    It may not when it is hidden (``.`` or ``~`` first, as Samba's ``.recycle``), kept by a system, or our own. A name
    that ends like an unfinished file is a folder like any other: nothing laid into it may be passed over in silence.
    """
    folded = name.casefold()
    return not (folded in _LITTER | _OURS | _SYSTEM_FOLDERS or folded.startswith((".", "~")))


def split_key(key: str) -> tuple[str, str]:
    """Return the sub-folder (empty for the top level) and the name of a file from its key, ``folder/name``."""
    folder, _, name = key.rpartition("/")
    return folder, name


def display_key(key: str) -> str:
    """Return a key as ``display_name`` shows its parts: such as ``alice/scan.pdf``."""
    return "/".join(display_name(part) for part in key.split("/"))


def display_name(name: str) -> str:
    """Return a name that is safe to print, log and put into a mail: one line, NFC, 1 to 120 characters.

    Control, bidi and other invisible characters go; bytes that are no UTF-8 become U+FFFD; a slash or backslash becomes
    ``_``, so that the result is never a path. A long name keeps its suffix. A name with nothing left is ``scan``.
    """
    kept = "".join(_shown(character) for character in name)
    shown = " ".join(unicodedata.normalize("NFC", kept).split())
    if len(shown) > DISPLAY_LENGTH:
        shown = _cut(shown)
    return shown if shown.strip(". ") else "scan"


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if character in "/\\":
        return "_"
    if character in "\t\n\r" or category in {"Zl", "Zp", "Zs"}:
        return " "
    if category == "Cs":
        return "\ufffd"
    if category == "Cc" or (category == "Cf" and character not in _JOINERS):
        return ""
    return character


def _cut(shown: str) -> str:
    stem, dot, suffix = shown.rpartition(".")
    if stem and dot and 0 < len(suffix) <= _SUFFIX_LENGTH:
        return f"{stem[: DISPLAY_LENGTH - len(suffix) - 2]}…{dot}{suffix}"
    return f"{shown[: DISPLAY_LENGTH - 1]}…"
