"""One statement from its text to its result in S3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from . import caller, catalogue, ddl, results, storage
from .engine import answer, read_rows
from .errors import QueryError
from .statements import Ddl, Query, Unload, read
from .storage import Location
from .translate import translate
from .write import Target, Written, write

Answer = TypeVar('Answer')


@dataclass
class Outcome:
    """What a statement left: its columns, what it read, where its manifest is."""

    columns: list[dict[str, Any]] = field(default_factory=list)
    kind: str = 'csv'  # csv: rows of a query; txt: lines of a utility statement
    scanned: int = 0
    manifest: str = ''


class Execution:
    """A statement on its way. `interrupt` ends it from another thread."""

    def __init__(
        self,
        identity: str,
        database: str,
        output: str,
        scratch: Path,
        *,
        encryption: Mapping[str, Any] | None = None,
        cutoff: int = 0,
        parameters: Sequence[str] = (),
        enforced: bool = False,
    ) -> None:
        self.identity = identity
        self.database = database.lower()
        self.output = output  # s3://…/ : the folder of the result
        self.scratch = scratch
        self.encryption = encryption
        self.cutoff = cutoff
        self.parameters = parameters
        self.enforced = enforced  # the workgroup dictates where results go
        self._connection: duckdb.DuckDBPyConnection | None = None

    def interrupt(self) -> None:
        """Stop the engine, if it is at work."""
        if self._connection is not None:
            self._connection.interrupt()

    def run(self, sql: str) -> Outcome:
        """Run a statement. QueryError with Athena's reason."""
        folder = Location.of(self.output)
        if not caller.may_locate(folder.bucket):
            raise QueryError('PERMISSION_DENIED', f'Unable to verify/create output bucket {folder.bucket}')
        caller.check_write(Location(folder.bucket, f'{folder.key}{self.identity}.csv'))
        statement = read(sql, self.parameters)
        if isinstance(statement, Query):
            return self._select(statement.sql)
        if isinstance(statement, Unload):
            return self._unload(statement)
        return self._ddl(statement)

    def write_query(self, sql: str, target: Target) -> tuple[Written, int]:
        """Write the rows of a query under a target; what was written and the bytes scanned."""
        return self._answer(
            sql, lambda connection, query: write(connection, query, target, self.identity, self.scratch)
        )

    def _answer(self, sql: str, work: Callable[[duckdb.DuckDBPyConnection, str], Answer]) -> tuple[Answer, int]:
        translation = translate(sql, catalogue.lookup, self.database)
        reader = catalogue.Reader(self.scratch)
        return answer(translation, reader.table, self.scratch, work, opened=self._opened, scans=self._scans)

    def _opened(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def _scans(self, scanned: int) -> None:
        if self.cutoff and scanned > self.cutoff:
            raise CutOff('Query cancelled! : Bytes scanned limit was exceeded')

    def _select(self, sql: str) -> Outcome:
        result, scanned = self._answer(sql, read_rows)
        infos = results.column_info(result.columns, result.types)
        self._put('.csv', results.csv_bytes(result.columns, result.rows))
        self._put('.csv.metadata', results.metadata_bytes(infos))
        return Outcome(infos, 'csv', scanned)

    def _unload(self, statement: Unload) -> Outcome:
        target = Target.of(statement.location, statement.options)
        written, scanned = self.write_query(statement.sql, target)
        return Outcome([], 'none', scanned, self.manifest(written))

    def manifest(self, written: Written) -> str:
        """Write the list of the objects a statement made; its URI."""
        self._put('-manifest.csv', ''.join(f'{uri}\n' for uri in written.objects).encode())
        return f'{self.output}{self.identity}-manifest.csv'

    def _ddl(self, statement: Ddl) -> Outcome:
        answer = ddl.run(statement, self)
        if answer.lines is not None:
            infos = results.column_info(answer.columns, ['VARCHAR'] * len(answer.columns))
            self._put('.txt', ''.join(f'{line}\n' for line in answer.lines).encode())
            self._put('.txt.metadata', results.metadata_bytes(infos))
            return Outcome(infos, 'txt', answer.scanned, answer.manifest)
        return Outcome([], 'none', answer.scanned, answer.manifest)

    def _put(self, suffix: str, body: bytes) -> None:
        storage.put(Location.of(f'{self.output}{self.identity}{suffix}'), body, self.encryption)


class CutOff(Exception):
    """The query would scan more than its workgroup allows: cancelled, not failed."""
