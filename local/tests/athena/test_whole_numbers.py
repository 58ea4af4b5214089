"""Texts that are staged as whole numbers are read as numbers, with the nulls and errors of a text that is cast."""

from __future__ import annotations

from pathlib import Path

import pytest

from presage_local.athena import text
from presage_local.athena.engine import QueryError, TableData, run_sql

STAGED = "SELECT CAST(NULLIF(a, '') AS bigint) AS a, CAST(NULLIF(b, '') AS bigint) AS b FROM t WHERE a <> ''"
HEADER = {'separatorChar': ',', 'quoteChar': '"', 'skip.header.line.count': '1'}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What DuckDB's CSV reader is told, each time."""
    told: list[str] = []
    original = text._read_csv

    def spy(paths: list[str], options: str) -> str:
        told.append(options)
        return original(paths, options)

    monkeypatch.setattr(text, '_read_csv', spy)
    return told


def table(folder: Path, lines: str) -> dict[str, TableData]:
    (folder / 'a.csv').write_text(f'a,b\n{lines}')
    return {'t': TableData.of_files({'a': 'string', 'b': 'string'}, [folder / 'a.csv'], 'csv', HEADER)}


def test_a_file_of_digits_is_read_as_numbers(tmp_path: Path, read: list[str]) -> None:
    assert run_sql(STAGED, table(tmp_path, '1,2\n,3\n007,-5\n4,\n')).rows == [(1, 2), (7, -5), (4, None)]
    assert ["'c0': 'BIGINT', 'c1': 'BIGINT'" in options for options in read] == [True]


@pytest.mark.parametrize('odd', ['1.5', '1e2', ' 1', '1_000', '0x1F', '-', '1-2', '--1', 'x'])
def test_what_is_no_whole_number_fails_as_it_does_when_it_is_cast(tmp_path: Path, odd: str) -> None:
    with pytest.raises(QueryError) as caught:
        run_sql(STAGED, table(tmp_path, f'1,2\n{odd},3\n'))
    assert str(caught.value) == f"INVALID_CAST_ARGUMENT: Cannot cast '{odd}' to bigint"


def test_a_sign_before_the_digits_is_a_whole_number(tmp_path: Path) -> None:
    assert run_sql(STAGED, table(tmp_path, '+1,-2\n')).rows == [(1, -2)]


def test_a_row_that_is_left_out_cannot_fail(tmp_path: Path) -> None:
    assert run_sql(STAGED, table(tmp_path, ',-\n1,3\n')).rows == [(1, 3)]


@pytest.mark.parametrize(
    ('sql', 'rows'),
    [
        ("SELECT CASE WHEN b = '3' THEN CAST(NULLIF(a, '') AS bigint) END AS a FROM t", [(1,), (None,)]),
        ("SELECT CAST(NULLIF(a, '') AS bigint) AS a FROM t WHERE b = '3'", [(1,)]),
        ("SELECT TRY(CAST(NULLIF(a, '') AS bigint)) AS a FROM t", [(1,), (None,)]),
        ("SELECT TRY_CAST(NULLIF(a, '') AS bigint) AS a FROM t", [(1,), (None,)]),
        (
            "SELECT CAST(NULLIF(t.a, '') AS bigint) AS a FROM t JOIN (VALUES '3') AS u (b) ON t.b = u.b",
            [(1,)],
        ),
    ],
)
def test_a_query_that_keeps_the_cast_from_a_row_still_does(
    tmp_path: Path, sql: str, rows: list[tuple[int | None]]
) -> None:
    assert sorted(run_sql(sql, table(tmp_path, '1,3\n-,4\n')).rows, key=str) == rows


def test_a_column_that_is_wanted_as_text_too_stays_one(tmp_path: Path) -> None:
    sql = "SELECT CAST(NULLIF(a, '') AS bigint) AS n, a FROM t"
    assert run_sql(sql, table(tmp_path, '007,1\n,2\n')).rows == [(7, '007'), (None, '')]


def test_a_table_without_files_has_no_rows_of_numbers() -> None:
    empty = {'t': TableData.of_files({'a': 'string', 'b': 'string'}, [], 'csv', HEADER)}
    result = run_sql(STAGED, empty)
    assert (result.rows, result.types) == ([], ['BIGINT', 'BIGINT'])
