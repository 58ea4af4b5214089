"""Compares tables made in different ways: rows, and the sum and the nulls of every numeric column.

    python same_tables.py FOLDER OTHER_FOLDER TABLE…

FOLDER holds `<table>/*` in Parquet. Ends with exit code 1 and the first difference; else prints {"<table>": rows, …}.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import duckdb

_NUMBERS = ('BIGINT', 'INTEGER', 'DOUBLE', 'HUGEINT')


def figures(folder: Path, columns: list[str]) -> list[float]:
    parts = ', '.join(f'sum(CAST("{name}" AS DOUBLE)), count("{name}")' for name in columns)
    found = duckdb.sql(f"SELECT count(*), {parts} FROM read_parquet('{folder}/[a-z]*')").fetchone() or ()
    return [float(value or 0) for value in found]


def main() -> None:
    one, other, tables = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    rows = {}
    for table in tables:
        relation = duckdb.sql(f"SELECT * FROM read_parquet('{one / table}/[a-z]*')")
        described = zip(relation.columns, relation.types, strict=True)
        columns = [name for name, kind in described if str(kind) in _NUMBERS]
        ours, theirs = figures(one / table, columns), figures(other / table, columns)
        names = ['rows', *(f'{c} {f}' for c in columns for f in ('sum', 'values'))]
        for name, a, b in zip(names, ours, theirs, strict=True):
            if not math.isclose(a, b, rel_tol=1e-9):
                sys.exit(f'{table}: {name} is {a} in {one} and {b} in {other}')
        rows[table] = int(ours[0])
    print(json.dumps(rows))


if __name__ == '__main__':
    main()
