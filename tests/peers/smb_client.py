"""An SMB client whose every write the test decides, and whose connection can die in the middle of one."""

import types
import uuid
from typing import Final, Self

from smbprotocol.connection import Connection
from smbprotocol.file_info import FileEndOfFileInformation, FileRenameInformation
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    FileAttributes,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    ShareAccess,
    SMB2SetInfoRequest,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from tests.peers.loopback import ADDRESS

WHOLE: Final = 1 << 30
WRITE_BYTES: Final = 65_536  # what every SMB2 dialect takes in one request
TIMEOUT_S: Final = 10
ALL_SHARED: Final = ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE


class SmbWriter:
    """One file on the share being written, piece by piece, when the test says."""

    def __init__(self, handle: Open, scan: bytes, offset_bytes: int):
        """Take over an open handle; SmbClient.open makes these."""
        self._handle = handle
        self._left = memoryview(scan)
        self._offset_bytes = offset_bytes

    def __enter__(self) -> Self:
        """The open file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Close it as it is."""
        self.close()

    def write(self, size_bytes: int = WHOLE) -> int:
        """Write the next piece, or all that is left; returns how many bytes are still left."""
        piece, self._left = self._left[:size_bytes], self._left[size_bytes:]
        for start in range(0, len(piece), WRITE_BYTES):
            self._offset_bytes += self._handle.write(bytes(piece[start : start + WRITE_BYTES]), self._offset_bytes)
        return len(self._left)

    def set_size(self, size_bytes: int) -> None:
        """Set the end of file before anything is written, as copying tools do: the size looks final at once."""
        wanted = FileEndOfFileInformation()
        wanted["end_of_file"] = size_bytes
        self._set(wanted)

    def rename(self, name: str, *, replaces: bool = False) -> None:
        """Give the file another name while it is open; "/" parts folders."""
        wanted = FileRenameInformation()
        wanted["replace_if_exists"] = replaces
        wanted["file_name"] = name.replace("/", "\\")
        self._set(wanted)

    def close(self) -> None:
        """Close the file on the server; nothing happens when the connection is gone."""
        if self._handle.connected and self._handle.connection.transport.connected:
            self._handle.close()

    def _set(self, wanted: FileEndOfFileInformation | FileRenameInformation) -> None:
        request = SMB2SetInfoRequest()
        request["info_type"] = wanted.INFO_TYPE
        request["file_info_class"] = wanted.INFO_CLASS
        request["file_id"] = self._handle.file_id
        request["buffer"] = wanted
        tree = self._handle.tree_connect
        sent = self._handle.connection.send(request, tree.session.session_id, tree.tree_connect_id)
        self._handle.connection.receive(sent, timeout=TIMEOUT_S)


class SmbClient:
    """A logged-in connection to one share; closed by leaving the context, or dead by `kill`."""

    def __init__(self, port: int, share: str, user: str, password: str, address: str = ADDRESS):
        """Connect and log in with NTLMv2.

        Raises:
            smbprotocol.exceptions.SMBException: the server refused the login or the share.
        """
        self._connection = Connection(uuid.uuid4(), address, port)
        self._connection.connect(timeout=TIMEOUT_S)
        try:
            session = Session(self._connection, user, password, require_encryption=False, auth_protocol="ntlm")
            session.connect()
            self._tree = TreeConnect(session, rf"\\{address}\{share}")
            self._tree.connect()
        except BaseException:
            self._connection.disconnect(close=False)
            raise

    def __enter__(self) -> Self:
        """The connected client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Log off, unless it has been killed."""
        self._connection.disconnect(close=True, timeout=TIMEOUT_S)

    def open(self, name: str, scan: bytes = b"", *, append_at: int | None = None) -> SmbWriter:
        """Create a file, or overwrite it, ready to write these bytes; "/" parts folders.

        Args:
            name: inside the share.
            scan: what the writer's `write` will write.
            append_at: open what is there and go on at this offset.
        """
        disposition = CreateDisposition.FILE_OVERWRITE_IF if append_at is None else CreateDisposition.FILE_OPEN
        handle = Open(self._tree, name.replace("/", "\\"))
        handle.create(
            ImpersonationLevel.Impersonation,
            FilePipePrinterAccessMask.GENERIC_READ
            | FilePipePrinterAccessMask.GENERIC_WRITE
            | FilePipePrinterAccessMask.DELETE,
            FileAttributes.FILE_ATTRIBUTE_NORMAL,
            ALL_SHARED,
            disposition,
            CreateOptions.FILE_NON_DIRECTORY_FILE,
        )
        return SmbWriter(handle, scan, append_at or 0)

    def kill(self) -> None:
        """Lose the connection with files still open: to smbd a device that is switched off, or whose mailer crashed."""
        self._connection.disconnect(close=False)
