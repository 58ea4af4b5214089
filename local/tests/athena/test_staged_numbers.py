"""Texts that are staged as numbers are read as numbers, with the nulls and errors of a text that is cast."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from presage_local.athena import text
from presage_local.athena.engine import QueryError, TableData, run_sql
from presage_local.athena.shapes import POINT, TEXT, WHOLE, Shapes

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


MIXED = """
    SELECT CAST(NULLIF(n, '') AS integer) AS n, CAST(NULLIF(word, '') AS varchar) AS word, word = '' AS empty,
      CAST(NULLIF(part, '') AS double) AS part, CAST(NULLIF(seen, '') AS date) AS seen
    FROM t WHERE n <> ''
"""
NAMES = ('n', 'word', 'part', 'seen')


def mixed(folder: Path, lines: str, header: str = 'n,word,part,seen') -> dict[str, TableData]:
    (folder / 'a.csv').write_text(f'{header}\n{lines}')
    return {'t': TableData.of_files(dict.fromkeys(NAMES, 'string'), [folder / 'a.csv'], 'csv', HEADER)}


DAY = datetime.date(2020, 1, 2)
LINES = '1,prior,8.5,2020-01-02\n,none,1,\n3,,,\n-4,train,-.5,2020-01-02\n5,12,7.,\n'
ROWS = [
    (1, 'prior', False, 8.5, DAY),
    (3, None, True, None, None),
    (-4, 'train', False, -0.5, DAY),
    (5, '12', False, 7.0, None),
]


@pytest.mark.parametrize('header', ['n,word,part,seen', '"n","word","part","seen"'])
@pytest.mark.parametrize('ends', [b'\n', b'\r\n'])
def test_columns_of_numbers_are_read_as_numbers_beside_columns_of_text(
    tmp_path: Path, read: list[str], header: str, ends: bytes
) -> None:
    tables = mixed(tmp_path, LINES, header)
    (tmp_path / 'a.csv').write_bytes((tmp_path / 'a.csv').read_bytes().replace(b'\n', ends))
    assert run_sql(MIXED, tables).rows == ROWS
    kinds = "'c0': 'INT', 'c1': 'VARCHAR', 'c2': 'DOUBLE', 'c3': 'VARCHAR'"
    assert [kinds in options for options in read] == [True]


@pytest.mark.parametrize(
    ('line', 'reason'),
    [
        ('1.5,a,1,', "Cannot cast '1.5' to integer"),
        ('1-2,a,1,', "Cannot cast '1-2' to integer"),
        ('9999999999,a,1,', "Could not convert string '9999999999' to INT32"),
        ('1,a,1.2.3,', "Cannot cast '1.2.3' to double"),
        ('1,a,.,', "Cannot cast '.' to double"),
        ('1,a,x,', "Cannot cast 'x' to double"),
    ],
)
def test_a_text_that_is_no_number_fails_beside_columns_of_text_as_it_does_when_it_is_cast(
    tmp_path: Path, line: str, reason: str
) -> None:
    with pytest.raises(QueryError) as caught:
        run_sql(MIXED, mixed(tmp_path, f'{LINES}{line}\n'))
    assert reason in str(caught.value)


def test_a_number_written_another_way_is_one_too(tmp_path: Path) -> None:
    rows = run_sql(MIXED, mixed(tmp_path, '+1,a,1e2,\n007,b,Infinity,\n3,c, 4,\n')).rows
    assert rows == [
        (1, 'a', False, 100.0, None),
        (7, 'b', False, float('inf'), None),
        (3, 'c', False, 4.0, None),
    ]


def test_a_field_in_quotes_does_not_shift_the_columns_behind_it(tmp_path: Path) -> None:
    rows = run_sql(MIXED, mixed(tmp_path, '1,"2,3,4",5,\n2,"6,7,8",9.5,2020-01-02\n')).rows
    assert rows == [(1, '2,3,4', False, 5.0, None), (2, '6,7,8', False, 9.5, DAY)]


def test_a_line_of_another_width_is_read_line_by_line(tmp_path: Path) -> None:
    rows = run_sql(MIXED, mixed(tmp_path, '1,a\n2,b,3,,more\n')).rows
    assert rows == [(1, 'a', False, None, None), (2, 'b', False, 3.0, None)]


@pytest.mark.parametrize('ends', ['\n\r\n', '\r\n\n'])
def test_lines_may_end_in_both_ways(tmp_path: Path, ends: str) -> None:
    first, second = ends[: ends.index('\n') + 1], ends[ends.index('\n') + 1 :]
    (tmp_path / 'a.csv').write_bytes(f'a,b{first}1,2{second}3,4{first}'.encode())
    tables = {'t': TableData.of_files({'a': 'string', 'b': 'string'}, [tmp_path / 'a.csv'], 'csv', HEADER)}
    assert run_sql(STAGED, tables).rows == [(1, 2), (3, 4)]


def test_a_text_that_stands_for_null_is_null_beside_numbers(tmp_path: Path) -> None:
    (tmp_path / 'a.txt').write_text('1|\\N\n\\N|x\n3|\n')
    options = {'field.delim': '|'}
    tables = {'t': TableData.of_files({'n': 'string', 'word': 'string'}, [tmp_path / 'a.txt'], 'text', options)}
    sql = "SELECT CAST(NULLIF(n, '') AS bigint) AS n, word FROM t"
    assert run_sql(sql, tables).rows == [(1, None), (None, 'x'), (3, '')]


def test_a_file_that_changes_is_looked_at_again(tmp_path: Path) -> None:
    assert run_sql(MIXED, mixed(tmp_path, '1,a,2,\n')).rows == [(1, 'a', False, 2.0, None)]
    assert run_sql(MIXED, mixed(tmp_path, '+1,a,1e2,\n')).rows == [(1, 'a', False, 100.0, None)]


@pytest.mark.parametrize('size', [1, 2, 3, 7, 100])
def test_columns_are_told_apart_wherever_the_bytes_are_cut(size: int) -> None:
    lines = b'1,prior,8.5,-3\r\n22,train,.5,1\r\n,test,-,0.1'
    shapes = Shapes(b',')
    assert all(shapes.add(lines[at : at + size]) for at in range(0, len(lines), size))
    assert shapes.columns(4) == [WHOLE, TEXT, POINT, POINT]


def test_columns_of_a_file_of_prose_are_not_told_apart() -> None:
    shapes = Shapes(b',')
    assert not all(shapes.add(b'%d,%s\n' % (number, b'x' * number)) for number in range(2000))
    assert shapes.columns(2) == [TEXT, TEXT]


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
