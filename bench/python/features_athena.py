"""Runs a pipeline's queries on the local Athena's engine; prints {"seconds": …, "processorSeconds": …}.

Both are from the first query to the last file.

    python features_athena.py REQUEST

REQUEST is a file like those of emr-steps/run_queries.py, with the queries in Athena's dialect. Each query goes the way
of an UNLOAD to the local Athena: translated, its relations made of the files, run, written as Parquet. Only what is
around it differs: no catalogue is asked, and files are moved to where they belong instead of being put into S3.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from presage_local.athena import databases, storage, write
from presage_local.athena.engine import (
    DataFile,
    Partition,
    TableData,
    answer,
    translate,
)
from presage_local.athena.storage import Location

_HIVE = {'varchar': 'string', 'integer': 'int'}
_CSV = {'separatorChar': ',', 'quoteChar': '"', 'skip.header.line.count': '1'}


def local(uri: str) -> Path:
    return Path(unquote(urlparse(uri).path))


def files(folder: Path) -> list[DataFile]:
    found = sorted(folder.iterdir()) if folder.is_dir() else [folder]
    return [DataFile(file, str(file)) for file in found]


def raw_table(view: dict[str, Any]) -> TableData:
    """A source as the catalogue has it: every column of a CSV file is a string there."""
    columns = dict.fromkeys(view['columns'], 'string')
    return TableData(columns, [Partition((), files(local(view['location']['uri'])))], {}, 'csv', _CSV)


def made_table(query: dict[str, Any], run_date: str) -> TableData:
    columns = {name: _HIVE.get(kind, kind) for name, kind in query['columns'].items()}
    return TableData(
        columns,
        [Partition((run_date,), files(local(query['location']['uri'])))],
        {'run_date': 'date'},
    )


def keep(location: Location, body: bytes | Path, encryption: Mapping[str, Any] | None = None) -> None:
    """In the place of the upload. The key is the path."""
    if not isinstance(body, Path):
        raise TypeError('only files are written here')
    target = Path('/') / location.key
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(body, target)
    body.touch()  # the engine takes its own away


def run(query: dict[str, Any], tables: dict[str, TableData], run_date: str) -> None:
    def described(_: str, name: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
        return tables[name].all_columns(), tuple(tables[name].partition_keys)

    translation = translate(query['sql'].replace(':run_date', f"DATE '{run_date}'"), described, 'bench')
    folder = Location('bench', f'{str(local(query["location"]["uri"])).strip("/")}/')
    target = write.Target(folder, 'PARQUET', 'SNAPPY', '', ())
    with tempfile.TemporaryDirectory(prefix='presage-bench-') as name:
        scratch = Path(name)
        answer(
            translation,
            lambda _, table: tables[table],
            scratch,
            lambda connection, sql: write.write(connection, sql, target, query['table'], scratch),
        )


def main() -> None:
    request = json.loads(Path(sys.argv[1]).read_text())
    storage.objects = lambda *_, **__: []
    storage.put = keep
    databases.warm()  # as the server does when it starts
    start, used = time.perf_counter(), time.process_time()
    tables = {view['name']: raw_table(view) for view in request['views']}
    for query in request['queries']:
        run(query, tables, request['runDate'])
        tables[query['view']] = made_table(query, request['runDate'])
    took = {'seconds': time.perf_counter() - start, 'processorSeconds': time.process_time() - used}
    print(json.dumps(took))


if __name__ == '__main__':
    main()
