"""PDFs with a real signature: PKCS #7, detached, over all but the signature itself (ISO 32000-1 12.8.3.3)."""

import io
import re
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from pikepdf import Array, Dictionary, Name, Pdf, String

_ROOM_BYTES = 4096
_UNKNOWN = 1_234_567_890


@cache
def signer() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate of nobody's, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A. Signer")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    )
    return builder.sign(key, hashes.SHA256()), key


def with_signature(pdf: Pdf) -> Pdf:
    """The PDF with a signature field whose value is still to be filled in."""
    value = Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), SubFilter=Name("/adbe.pkcs7.detached"))
    value.Contents, value.ByteRange = String(bytes(_ROOM_BYTES)), Array([0, _UNKNOWN, _UNKNOWN, _UNKNOWN])
    field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T=String("Signature1"), F=132)
    field.Rect, field.V = Array([0, 0, 0, 0]), pdf.make_indirect(value)
    added = pdf.make_indirect(field)
    pdf.pages[0].obj.Annots = Array([*pdf.pages[0].obj.get("/Annots", []), added])
    pdf.Root.AcroForm = Dictionary(Fields=Array([added]), SigFlags=3)
    return pdf


def signed(pdf: Pdf) -> bytes:
    """The PDF, signed."""
    file = io.BytesIO()
    with_signature(pdf).save(file)
    data = file.getvalue()
    gap = re.search(rb"<(?:00){%d}>" % _ROOM_BYTES, data)
    assert gap is not None
    size = len(data)
    asked = b"[ 0 %d %d %d ]" % (_UNKNOWN, _UNKNOWN, _UNKNOWN)
    assert data.count(asked) == 1
    stated = b"[ 0 %d %d %d ]" % (gap.start(), gap.end(), size - gap.end())
    data = data.replace(asked, stated.ljust(len(asked)))
    certificate, key = signer()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(data[: gap.start()] + data[gap.end() :])
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    value = builder.sign(serialization.Encoding.DER, options)
    return data[: gap.start() + 1] + value.hex().encode().ljust(2 * _ROOM_BYTES, b"0") + data[gap.end() - 1 :]


def is_valid(pdf: Path) -> bool:
    """Whether poppler finds one signature, and it fits the bytes it signs; nobody vouches for the signer."""
    result = subprocess.run(["pdfsig", "-nocert", str(pdf)], capture_output=True, text=True, check=False)
    return result.stdout.count("Signature Validation: Signature is Valid.") == 1
