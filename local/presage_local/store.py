"""Records of our own services: scoped by account and region, kept over a restart, safe for several threads."""

from __future__ import annotations

import copy
import json
import logging
import threading
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from ministack.core.responses import get_account_id, get_region

from .settings import state_dir

Record = dict[str, Any]
JOB = '_job'
STOPPED_REASON = 'The local cloud was stopped while the job ran'

_log = logging.getLogger('presage.store')
_stores: list[Store] = []


class Store(MutableMapping[str, Record]):
    """Name → record, of the account and region of the current request. `Store('sagemaker', 'models')`.

    Records are JSON-able dicts; times are epoch numbers. Change a record in place: everything is written when the
    server stops (`save_all`). A record whose job was running then comes back as failed.
    """

    def __init__(self, service: str, kind: str) -> None:
        self.name = f'{service}.{kind}'
        self.lock = threading.RLock()
        self._records: dict[tuple[str, str, str], Record] = {}
        self._load()
        _stores.append(self)

    def _file(self) -> Path:
        return state_dir() / 'services' / f'{self.name}.json'

    def _load(self) -> None:
        file = self._file()
        if not file.exists():
            return
        for account, region, key, record in json.loads(file.read_text()):
            _fail_interrupted(record)
            self._records[(account, region, key)] = record

    def save(self) -> None:
        """Write the records; the file is whole or the old one, never half."""
        rows = [[*key, record] for key, record in self._snapshot()]
        file = self._file()
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix('.part')
        part.write_text(json.dumps(rows))
        part.replace(file)

    def _snapshot(self) -> list[tuple[tuple[str, str, str], Record]]:
        for _ in range(20):  # a job may add a field to its record at this very moment
            try:
                with self.lock:
                    return copy.deepcopy(list(self._records.items()))
            except RuntimeError:
                continue
        raise RuntimeError(f'the records of {self.name} change too fast to be saved')

    @staticmethod
    def _key(name: str) -> tuple[str, str, str]:
        return get_account_id(), get_region(), name

    def __getitem__(self, name: str) -> Record:
        with self.lock:
            return self._records[self._key(name)]

    def __setitem__(self, name: str, record: Record) -> None:
        with self.lock:
            self._records[self._key(name)] = record

    def __delitem__(self, name: str) -> None:
        with self.lock:
            del self._records[self._key(name)]

    def __iter__(self) -> Iterator[str]:
        scope = (get_account_id(), get_region())
        with self.lock:
            names = [key[2] for key in self._records if key[:2] == scope]
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        with self.lock:
            return (get_account_id(), get_region(), name) in self._records


def _fail_interrupted(value: Any) -> None:
    """A job that was running when the server stopped has failed; its record says so."""
    if isinstance(value, dict):
        job = value.pop(JOB, None)
        if job:
            value[job['field']] = job['failed']
            value[job['reason_field']] = STOPPED_REASON
        for member in value.values():
            _fail_interrupted(member)
    elif isinstance(value, list):
        for member in value:
            _fail_interrupted(member)


def save_all() -> None:
    """Write every store. Called when the server stops."""
    for store in _stores:
        try:
            store.save()
        except Exception:
            _log.exception('the records of %s could not be saved', store.name)
