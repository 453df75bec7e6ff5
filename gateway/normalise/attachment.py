"""What is attached to a device's mail and is no scan, where the listener passes it on."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from gateway.normalise.wording import attachment_name

_OCTETS: Final = "application/octet-stream"

_PLAIN_TYPES: Final = frozenset({"text/plain", "text/csv", "application/zip", "application/xml", "text/xml"})
"""Types that no mail program acts upon; everything else travels as octets."""

_HEAD_BYTES: Final = 2_000
"""A name has 200 bytes at most, each of them three in RFC 2231."""

_FILTERED: Final = (
    "ace ani apk app appx arj bat cab cmd com deb dex dll docm elf exe hta img iso jar jnlp kext lha lib library"
    " lnk lzh macho msc msi msix msp mst pif ppa ppam reg rev scf scr sct sys uif vb vbe vbs vxd wsc wsf wsh xll"
    " xz z"
)
"""Exchange Online's common attachments filter, on by default: such a mail is rejected as a whole, the scan with it.

The default list of anti-malware policies as public baselines quote it (compared 2026-11-25); Microsoft adds to it, and
an admin may. It goes by the type of the bytes too, and its reply is 550 5.0.350."""

_HIDDEN: Final = (
    "ade adp application appref-ms asp aspx asx bas bgi cdxml cer chm cnt cpl crt csh der diagcab fxp gadget grp"
    " hlp hpj htc inf ins isp its job js jse ksh mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde mdt"
    " mdw mdz mht mhtml msh msh1 msh1xml msh2 msh2xml mshxml msixbundle msu ops osd pcd pl plg prf prg"
    " printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 pssc pst py pyc pyo pyw pyz pyzw shb shs theme tmp"
    " udl url vbp vhd vhdx vsmacros vsw webpnp website ws wsb xbap xnk"
)
"""What else Outlook (Microsoft's "Blocked attachments in Outlook") or Outlook on the web (BlockedFileTypes of
OwaMailboxPolicy) shows to nobody, or tenants stop; as universities quote these lists (compared 2026-11-25)."""

_ACTING: Final = (
    "appcontent-ms command dotm htm html library-ms potm ppsm pptm rgs search-ms settingcontent-ms sh svg wlua"
    " xhtml xlam xlm xlsm xltm"
)
"""Of our own: pages, macros and settings, which act when they are opened."""

_BLOCKED: Final = frozenset(f"{_FILTERED} {_HIDDEN} {_ACTING}".split())

_PROGRAMS: Final = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"MSCF",
    b"\xfd7zXZ\0",
    b"\x1f\x9d",
    b"!<arch>\n",
    b"dex\n",
    b"L\x00\x00\x00\x01\x14\x02\x00",
)
"""First bytes of programs for Windows, Linux, Java, macOS and Android, of scripts, Windows' links, and of those packed
files (cab, xz, Z, deb and lib) that the filter stops under any name."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to be attached as it came: the name to show, its type, and where its bytes are."""

    name: str
    content_type: str
    path: Path
    size_bytes: int


def sent_bytes(attachment: Attachment) -> int:
    """Return at least what a file adds to a mail: base64 with its line ends, and headers that spell its name twice."""
    return attachment.size_bytes * 3 // 2 + _HEAD_BYTES


def is_blocked(name: str, head: bytes) -> bool:
    """Tell whether a file may be no attachment: it is a program, or named as something that acts when opened."""
    # As written and as sent: what is replaced or cut off in between may be what hides an ending.
    return any(_endings(one) & _BLOCKED for one in (name, attachment_name(name))) or head.startswith(_PROGRAMS)


def _endings(name: str) -> set[str]:
    return {suffix[1:].strip().lower() for suffix in PurePosixPath(name.rstrip(". ")).suffixes[-2:]}


def safe_type(declared: str) -> str:
    """Return the type to send a file under."""
    return declared if declared in _PLAIN_TYPES else _OCTETS
