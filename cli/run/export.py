"""Writes the tables and the predictions of a run as single files: `export.py < request.json`.

Request: {"memory": "1GB", "temporary": folder, "exports": [{"files": folder, "to": file,
"columns": {name: type}, "partitions": {name: type}, "constants": {name: [type, text]}, "orderBy": [names]}]}.
`files` holds Parquet files, below hive-style folders when there are partitions. Each export is exactly `columns`,
`partitions` and `constants`, in this order, each cast to its type (bigint, varchar, double, date, ...); other columns
of the files are left out. The ending of `to` decides the format: .parquet or .csv (RFC 4180, empty = null).

DuckDB does it because it streams: a table may be larger than the memory.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _select(export: dict[str, Any]) -> str:
    partitions: dict[str, str] = export.get('partitions', {})
    constants: dict[str, list[str]] = export.get('constants', {})
    order: list[str] = export.get('orderBy', [])
    stored: dict[str, str] = {**export['columns'], **partitions}
    columns = [f'CAST({_name(name)} AS {kind}) AS {_name(name)}' for name, kind in stored.items()]
    columns += [f'CAST({_text(value)} AS {kind}) AS {_name(name)}' for name, (kind, value) in constants.items()]
    files = sorted(str(path) for path in Path(export['files']).rglob('*') if path.is_file())
    if not files:  # a table without rows is a file too
        names = [*stored.items(), *((n, k) for n, (k, _) in constants.items())]
        return 'SELECT ' + ', '.join(f'CAST(NULL AS {kind}) AS {_name(name)}' for name, kind in names) + ' WHERE false'
    listed = ', '.join(_text(file) for file in files)
    kinds = ', '.join(f'{_text(name)}: VARCHAR' for name in partitions)
    hive = f'hive_partitioning=true, hive_types={{{kinds}}}' if partitions else 'hive_partitioning=false'
    query = f'SELECT {", ".join(columns)} FROM read_parquet([{listed}], {hive})'
    return query + (f' ORDER BY {", ".join(_name(name) for name in order)}' if order else '')


def export_all(request: dict[str, Any]) -> None:
    """Write every export of a request. Raises duckdb.Error when a file lacks a column or holds another type."""
    connection = duckdb.connect(
        config={
            'memory_limit': request.get('memory', '1GB'),
            'temp_directory': request['temporary'],
            'threads': 2,
            'autoinstall_known_extensions': False,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    for export in request['exports']:
        parquet = export['to'].endswith('.parquet')
        options = '(FORMAT parquet, COMPRESSION snappy)' if parquet else "(FORMAT csv, HEADER, DELIMITER ',')"
        connection.execute(f'COPY ({_select(export)}) TO {_text(export["to"])} {options}')


if __name__ == '__main__':
    try:
        export_all(json.load(sys.stdin))
    except duckdb.Error as error:
        sys.exit(str(error).strip())
