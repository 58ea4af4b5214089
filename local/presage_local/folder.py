"""The state folder: made, locked for one server, watched while it runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path


class FolderError(Exception):
    """The folder cannot be used; `in_use` when another server has it."""

    def __init__(self, message: str, in_use: bool = False) -> None:
        super().__init__(message)
        self.in_use = in_use


class StateFolder:
    """A folder held by one server: its lock is released by the system however the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            for name in ('', 'outbox', 'tmp', 'services', 'ministack', 's3'):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / 'lock').open('a+')
        except OSError as error:
            raise FolderError(f'the state folder {self.path} cannot be used: {error.strerror}') from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.seek(0)
            holder = self._lock.read().strip() or 'unknown'
            raise FolderError(
                f'the state folder {self.path} is in use by another local cloud (process {holder})', in_use=True
            ) from error
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()
        self._identity = self._stat()
        for name in ('tmp', 'work'):  # left by a server that was killed
            shutil.rmtree(self.path / name, ignore_errors=True)
        (self.path / 'tmp').mkdir(exist_ok=True)
        if not any((self.path / 'ministack').glob('*.json')):
            # Killed before it saved anything: objects of buckets and jobs of stacks that nobody knows any more.
            for name in ('s3', 'services'):
                shutil.rmtree(self.path / name, ignore_errors=True)
                (self.path / name).mkdir()

    def _stat(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_dev, found.st_ino

    def lost(self) -> str | None:
        """Why the folder cannot be used any more, or None. Tries to write a file."""
        try:
            if self._stat() != self._identity:
                return 'it was replaced by another folder'
            probe = self.path / 'tmp' / '.probe'
            probe.write_bytes(b'x')
            probe.unlink()
        except OSError as error:
            return error.strerror or str(error)
        return None

    def release(self) -> None:
        """Give the folder back."""
        with contextlib.suppress(OSError):
            self._lock.close()
