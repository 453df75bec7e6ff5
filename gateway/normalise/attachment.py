"""What is attached to a device's mail and is no scan, where the listener passes it on."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

_OCTETS: Final = "application/octet-stream"

_PLAIN_TYPES: Final = frozenset({"text/plain", "text/csv", "application/zip", "application/xml", "text/xml"})
"""Types that no mail program acts upon; everything else travels as octets."""

_ENDINGS: Final = (
    "ace ade adp ani apk app appcontent-ms application appref-ms appx arj asp aspx asx bas bat bgi cab cdxml cer chm"
    " cmd cnt com command cpl crt csh deb der dex diagcab dll docm dotm elf exe fxp gadget grp hlp hpj hta htc htm html"
    " img inf ins iso isp its jar jnlp job js jse kext ksh lha lib library library-ms lnk lzh macho mad maf mag mam maq"
    " mar mas mat mau mav maw mcf mda mdb mde mdt mdw mdz mht mhtml msc msh msh1 msh2 mshxml msi msix msp mst msu ops"
    " osd pcd pif pl plg potm ppa ppam ppsm pptm prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 pst"
    " py pyc pyo pyw pyz pyzw reg rev rgs scf scr sct search-ms settingcontent-ms sh shb shs svg sys theme tmp uif"
    " url vb vbe vbp vbs vhd vhdx vsmacros vsw vxd webpnp website wlua ws wsc wsf wsh xbap xhtml xlam xll xlm xlsm xltm"
    " xnk xz z"
)
"""Endings that Outlook blocks or Exchange Online's common attachments filter quarantines (Microsoft's lists, 2026-11),
and pages of HTML and SVG, which act when they are opened. A mail with one would be stopped, and the scan with it."""

_BLOCKED: Final = frozenset(_ENDINGS.split())

_PROGRAMS: Final = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"L\x00\x00\x00\x01\x14\x02\x00",
)
"""First bytes of programs for Windows, Linux, Java and macOS, of scripts, and of Windows' links."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to be attached as it came: the name to show, its type, and where its bytes are."""

    name: str
    content_type: str
    path: Path
    size_bytes: int


def is_blocked(name: str, head: bytes) -> bool:
    """Tell whether a file may be no attachment: it is a program, or named as something that acts when opened."""
    endings = {suffix[1:].strip().lower() for suffix in PurePosixPath(name.rstrip(". ")).suffixes[-2:]}
    return bool(endings & _BLOCKED) or head.startswith(_PROGRAMS)


def safe_type(declared: str) -> str:
    """Return the type to send a file under."""
    return declared if declared in _PLAIN_TYPES else _OCTETS
