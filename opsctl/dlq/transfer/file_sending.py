"""A file as a destination."""

from opsctl.dlq.transfer.backup import BackupFile
from opsctl.dlq.transfer.sending import Alive, Sent, Stayed
from opsctl.model.value import Json


class FileSending:
    """Implements `Sending`: a message is confirmed once it is on the medium.

    After a kill the same message may be in the file twice; reading such a file back tells them by their id.
    """

    repeats_s = float("inf")

    def __init__(self, file: BackupFile) -> None:
        self._file = file
        self._closed = ""

    @property
    def closed(self) -> str:
        """Why nothing more can be written, or nothing."""
        return self._closed

    def send(self, messages: list[Json], alive: Alive) -> Sent:
        """Write messages to the file."""
        try:
            self._file.keep(messages)
        except OSError as fault:
            self._closed = f"{fault.filename or 'the file'} cannot be written: {fault.strerror}"
            return Sent(stayed=[Stayed(one, "NotWritten", self._closed) for one in messages])
        return Sent(confirmed=list(messages))
