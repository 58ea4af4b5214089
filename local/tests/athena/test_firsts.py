"""The first row of every key is the same, however large the table and however it is found."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from presage_local.athena import firsts
from presage_local.athena.engine import QueryError, TableData, run_sql
from presage_local.athena.translate import translate

FIRST = """
    WITH visits AS (
      SELECT id, page, seconds FROM (
        SELECT typed.id, typed.page, typed.seconds,
          ROW_NUMBER() OVER (PARTITION BY typed.id, typed.page ORDER BY typed.seconds ASC NULLS LAST) AS copy_number
        FROM (
          SELECT CAST(NULLIF(id, '') AS BIGINT) AS id, NULLIF(page, '') AS page,
            CAST(NULLIF(seconds, '') AS DOUBLE) AS seconds
          FROM raw
        ) AS typed
        WHERE NOT typed.id IS NULL
      ) AS numbered
      WHERE numbered.copy_number = 1
    )
"""
LINES = '1,a,3\n1,b,\n1,a,2\n2,,7\n2,,6\n,a,1\n1,b,9\n3,c,\n4,d,4.5\n'
EXPECTED = [(1, 'a', 2.0), (1, 'b', 9.0), (2, None, 6.0), (3, 'c', None), (4, 'd', 4.5)]


@pytest.fixture(params=['window', 'counted'])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of finding them: as for small tables, and as for large ones."""
    monkeypatch.setattr(firsts, '_LARGE', 1 << 40 if request.param == 'window' else 0)
    return str(request.param)


def table(folder: Path, lines: str = LINES) -> dict[str, TableData]:
    (folder / 'raw.csv').write_text(lines)
    columns = dict.fromkeys(('id', 'page', 'seconds'), 'string')
    return {'raw': TableData.of_files(columns, [folder / 'raw.csv'], 'csv')}


def test_one_row_stays_of_every_key_and_it_is_the_first(tmp_path: Path, way: str) -> None:
    sql = f'{FIRST} SELECT id, page, seconds FROM visits ORDER BY id, page'
    assert run_sql(sql, table(tmp_path)).rows == EXPECTED


def test_a_query_may_read_the_first_rows_twice(tmp_path: Path, way: str) -> None:
    sql = f'{FIRST} SELECT count(*), sum(b.seconds) FROM visits AS a LEFT JOIN visits AS b ON b.id = a.id + 1'
    assert run_sql(sql, table(tmp_path)).rows == [(5, 16.5)]


def test_a_value_that_is_no_number_is_refused(tmp_path: Path, way: str) -> None:
    with pytest.raises(QueryError, match="Cannot cast '5x' to bigint"):
        run_sql(f'{FIRST} SELECT count(*) FROM visits', table(tmp_path, f'{LINES}5x,a,1\n'))


def test_a_file_with_an_odd_line_is_read_line_by_line(tmp_path: Path, way: str) -> None:
    sql = f'{FIRST} SELECT id, page, seconds FROM visits ORDER BY id, page'
    assert run_sql(sql, table(tmp_path, f'{LINES}5,e\n')).rows == [*EXPECTED, (5, 'e', None)]


def test_parquet_rows_are_found_the_same_way(tmp_path: Path, way: str) -> None:
    pq.write_table(pa.table({'id': [1, 2, 1, 3], 'day': [5, 4, 4, None]}), tmp_path / 'a.parquet')
    numbered = 'SELECT id, day, row_number() OVER (PARTITION BY id ORDER BY day DESC) AS n FROM t'
    result = run_sql(
        f'SELECT id, day FROM ({numbered}) AS numbered WHERE n = 1 ORDER BY id',
        {'t': TableData.of_files({'id': 'bigint', 'day': 'bigint'}, [tmp_path / 'a.parquet'])},
    )
    assert result.rows == [(1, 5), (2, 4), (3, None)]


@pytest.mark.parametrize(
    'sql',
    [
        'SELECT id, n FROM (SELECT id, row_number() OVER (PARTITION BY id ORDER BY day) AS n FROM t) AS a WHERE n = 1',
        'SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY id ORDER BY day) AS n FROM t) AS a WHERE n = 2',
        'SELECT id FROM (SELECT id, rank() OVER (PARTITION BY id ORDER BY day) AS n FROM t) AS a WHERE n = 1',
        'SELECT id FROM (SELECT id, row_number() OVER (ORDER BY day) AS n FROM t) AS a WHERE n = 1',
        'WITH w AS (SELECT * FROM t) '
        'SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY id ORDER BY day) AS n FROM w) AS a WHERE n = 1',
    ],
)
def test_what_asks_for_anything_else_stays_as_it_is(sql: str) -> None:
    columns = {'id': 'bigint', 'day': 'bigint'}
    assert translate(sql, lambda *_: (columns, ()), 'd').firsts == ()
