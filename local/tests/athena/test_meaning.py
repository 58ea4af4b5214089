"""Expressions mean in the local Athena what they mean in Trino. Expected values: Trino's documentation of functions."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import pytest

from presage_local.athena.engine import QueryError, connect, run_sql
from presage_local.athena.types import double_text, scientific_text, text_of

D = datetime.date
T = datetime.datetime
N = decimal.Decimal


def value(expression: str) -> Any:
    """What one expression gives. Columns: i = 7, z = 0, x = 2.5, s = 'ab', d, ts, arr, m, n (all null)."""
    source = (
        "(VALUES (7, 0, 2.5E0, 'ab', DATE '2020-01-31', TIMESTAMP '2020-01-31 10:30:00.123', ARRAY[1, 2, 3], "
        "MAP(ARRAY['k'], ARRAY[5]), CAST(NULL AS bigint), CAST(10.25 AS decimal(10, 2)))) "
        'AS t(i, z, x, s, d, ts, arr, m, n, c)'
    )
    ((result,),) = run_sql(f'SELECT {expression} AS r FROM {source}', {}).rows
    return result


@pytest.mark.parametrize(
    ('expression', 'expected'),
    [
        # numbers
        ('i / 2', 3),
        ('-i / 2', -3),
        ('i / CAST(2 AS double)', 3.5),
        ('x / 0E0', float('inf')),
        ('mod(-i, 3)', -1),
        ('i % 4', 3),
        ('CAST(2.5E0 AS bigint)', 3),
        ('CAST(-2.5E0 AS bigint)', -3),
        ('CAST(x AS integer)', 3),
        ('CAST(1.5 AS bigint)', 2),
        ('round(2.5E0)', 3.0),
        ('round(-2.5E0)', -3.0),
        ('round(2.345E0, 1)', 2.3),
        ('ceil(i)', 7),
        ('sign(-x)', -1.0),
        ('abs(-i)', 7),
        ('power(2, 3)', 8.0),
        ('log10(100E0)', 2.0),
        ('greatest(i, n)', None),
        ('least(1, 2)', 1),
        ('truncate(-2.7E0)', -2.0),
        ('bitwise_and(6, 3)', 2),
        ('1.5 * 2', N('3.0')),
        ('c / 3', N('3.42')),
        ('CAST(1 AS decimal(10, 2)) / 3', N('0.33')),
        ('100.0 * i / 3', N('233.3')),
        ("from_base('ff', 16)", 255),
        ('to_base(255, 16)', 'ff'),
        # conversions
        ("try_cast('1.5' AS bigint)", None),
        ("try_cast('12' AS bigint)", 12),
        ("try_cast('1e3' AS bigint)", None),
        ("try_cast('' AS bigint)", None),
        ("try_cast('1_000' AS double)", None),
        ("try_cast('1e3' AS double)", 1000.0),
        ("try_cast('yes' AS boolean)", None),
        ("try_cast('true' AS boolean)", True),
        ("try_cast('2020/01/05' AS date)", None),
        ("try_cast('2020-01-05' AS date)", D(2020, 1, 5)),
        ("try_cast('2020-13-05' AS date)", None),
        ("try_cast('20200105' AS date)", None),
        ("try_cast('2020-01-05T10:00:00' AS timestamp)", None),
        ("try_cast('2020-01-05 10:00:00' AS timestamp)", T(2020, 1, 5, 10)),
        ("CAST('2020-01-05 10:00:00.123456' AS timestamp)", T(2020, 1, 5, 10, 0, 0, 123000)),
        ('CAST(10E0 AS varchar)', '1.0E1'),
        ('CAST(true AS varchar)', 'true'),
        ('CAST(c AS varchar)', '10.25'),
        ('CAST(ts AS varchar)', '2020-01-31 10:30:00.123'),
        ('CAST(d AS timestamp)', T(2020, 1, 31)),
        ('CAST(ts AS date)', D(2020, 1, 31)),
        ('try(i / z)', None),
        ("try(CAST('x' AS bigint))", None),
        # dates
        ("date_add('month', 1, d)", D(2020, 2, 29)),
        ("d + INTERVAL '1' DAY", D(2020, 2, 1)),
        ("d - INTERVAL '1' MONTH", D(2019, 12, 31)),
        ("date_trunc('month', d)", D(2020, 1, 1)),
        ("date_trunc('hour', ts)", T(2020, 1, 31, 10)),
        ("date_diff('day', DATE '2020-01-01', d)", 30),
        ("date_diff('month', DATE '2020-01-31', DATE '2020-02-28')", 0),
        ("date_diff('hour', TIMESTAMP '2020-01-01 00:30:00', TIMESTAMP '2020-01-01 02:00:00')", 1),
        ("date_diff('day', TIMESTAMP '2020-01-01 23:00:00', TIMESTAMP '2020-01-02 01:00:00')", 0),
        ('day_of_week(d)', 5),
        ('extract(dow FROM d)', 5),
        ('year(d) * 100 + month(d)', 202001),
        ("date('2020-01-05')", D(2020, 1, 5)),
        ("date_format(ts, '%Y-%m-%d %H:%i:%s')", '2020-01-31 10:30:00'),
        ("date_parse('2020-01-05', '%Y-%m-%d')", T(2020, 1, 5)),
        ("d BETWEEN DATE '2020-01-01' AND DATE '2020-01-31'", True),
        ("to_unixtime(TIMESTAMP '1970-01-02 00:00:00')", 86400.0),
        ('last_day_of_month(d)', D(2020, 1, 31)),
        # text
        ("s || 'x'", 'abx'),
        ('s || CAST(NULL AS varchar)', None),
        ("concat(s, 'x')", 'abx'),
        ("split_part('a,b', ',', 3)", None),
        ("split('a,b', ',')", ['a', 'b']),
        ("element_at(split('a,b', ','), 5)", None),
        ("strpos(s, 'z')", 0),
        ('substr(s, 2)', 'b'),
        ("regexp_extract(s, 'z(.)', 1)", None),
        ("regexp_extract(s, 'a(.)', 1)", 'b'),
        ("regexp_replace('a1b2', '(\\d)', '<$1>')", 'a<1>b<2>'),
        ("regexp_like(s, '^a')", True),
        ("lpad('7', 3, '0')", '007'),
        ("to_hex(md5(to_utf8('a')))", '0CC175B9C0F1B6A831C399E269772661'),
        ('json_extract_scalar(\'{"a": {"b": 1}}\', \'$.a.b\')', '1'),
        ('json_extract_scalar(\'{"a": {"b": 1}}\', \'$.a\')', None),
        ("json_extract_scalar('{\"a\": null}', '$.a')", None),
        ("json_extract_scalar('no json', '$.a')", None),
        ("length('é')", 1),
        # arrays and maps
        ('arr[1]', 1),
        ('arr[i - 5]', 2),
        ('element_at(arr, -1)', 3),
        ('element_at(arr, 9)', None),
        ("element_at(m, 'q')", None),
        ("m['k']", 5),
        ('cardinality(arr)', 3),
        ('array_position(arr, 9)', 0),
        ('array_position(arr, 2)', 2),
        ('contains(arr, 2)', True),
        ('sequence(3, 1)', [3, 2, 1]),
        ("sequence(DATE '2020-01-01', DATE '2020-01-02')", [D(2020, 1, 1), D(2020, 1, 2)]),
        ('transform(arr, a -> a * 2)', [2, 4, 6]),
        ('filter(arr, a -> a > 1)', [2, 3]),
        ('reduce(arr, 0, (a, b) -> a + b, a -> a * 10)', 60),
        ('any_match(arr, a -> a > 2)', True),
        ('all_match(arr, a -> a > 2)', False),
        ("array_join(ARRAY['a', 'b'], '-')", 'a-b'),
        # conditions
        ('if(i > 1, 2)', 2),
        ('nullif(i, 7)', None),
        ('coalesce(n, i)', 7),
        ('n IS DISTINCT FROM i', True),
    ],
)
def test_an_expression_gives_what_trino_gives(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ('expression', 'reason'),
    [
        ('i / z', 'DIVISION_BY_ZERO: Division by zero'),
        ('i % z', 'DIVISION_BY_ZERO: Division by zero'),
        ('c / z', 'DIVISION_BY_ZERO: Division by zero'),
        ('CAST(s AS bigint)', "INVALID_CAST_ARGUMENT: Cannot cast 'ab' to bigint"),
        ("CAST('1.5' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast '1.5' to bigint"),
        ("CAST('x' AS date)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to date"),
        ('CAST(1E30 AS bigint)', 'NUMERIC_VALUE_OUT_OF_RANGE'),
        ('arr[4]', 'INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length'),
        ("m['q']", 'INVALID_FUNCTION_ARGUMENT: Key not present in map'),
        ('s = 1', 'TYPE_MISMATCH: line 1:8: Cannot apply operator: varchar = integer'),
        ("d > '2020-01-01'", 'TYPE_MISMATCH: line 1:8: Cannot apply operator: date > varchar'),
        ("i IN ('7')", 'TYPE_MISMATCH'),
        ('s + 1', 'TYPE_MISMATCH'),
        ('i || s', 'FUNCTION_NOT_FOUND'),
        ('sum(s)', 'FUNCTION_NOT_FOUND: line 1:12: Unexpected parameters (varchar) for function sum'),
        ('coalesce(n, s)', 'TYPE_MISMATCH'),
        ('nope(i)', 'FUNCTION_NOT_FOUND: line 1:1: Function nope not registered'),
        ('nope', "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ('d - d', 'NOT_SUPPORTED'),
        ('max(i), s', 'EXPRESSION_NOT_AGGREGATE'),
        ('CASE WHEN i THEN 1 END', 'TYPE_MISMATCH'),
        ("date_parse('x', '%Y')", 'INVALID_FUNCTION_ARGUMENT'),
    ],
)
def test_an_expression_fails_as_in_trino(expression: str, reason: str) -> None:
    with pytest.raises(QueryError) as caught:
        value(expression)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ('query', 'rows'),
    [
        ('SELECT x FROM (VALUES 2, NULL, 1) t(x) ORDER BY x', [(1,), (2,), (None,)]),
        ('SELECT x FROM (VALUES 2, NULL, 1) t(x) ORDER BY x DESC', [(2,), (1,), (None,)]),
        ('SELECT sum(x), avg(x), count(*), count_if(x > 1) FROM (VALUES 1, 2) t(x)', [(3, 1.5, 2, 1)]),
        ('SELECT avg(x) FROM (VALUES 1.00, 2.01) t(x)', [(N('1.51'),)]),
        ('SELECT sum(x) FILTER (WHERE x > 1), sum(x) FROM (VALUES 1, 2) t(x)', [(2, 3)]),
        ('SELECT sum(x) OVER (ORDER BY x) FROM (VALUES 1, 2) t(x) ORDER BY 1', [(1,), (3,)]),
        ("SELECT max_by(x, y) FROM (VALUES (CAST(NULL AS varchar), 2), ('a', 1)) t(x, y)", [(None,)]),
        ('SELECT x, o FROM UNNEST(ARRAY[5, 6]) WITH ORDINALITY AS t(x, o)', [(5, 1), (6, 2)]),
        ("SELECT i, e FROM (VALUES (1, ARRAY['a', 'b'])) t(i, a) CROSS JOIN UNNEST(a) AS u(e)", [(1, 'a'), (1, 'b')]),
        ('WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a) SELECT a.x, b.x FROM a CROSS JOIN b', [(1, 2)]),
        ('SELECT 1 UNION ALL SELECT 2 ORDER BY 1 DESC', [(2,), (1,)]),
        ('SELECT x, count(*) FROM (VALUES 1, 1, 2) t(x) GROUP BY 1 HAVING count(*) > 1', [(1, 2)]),
        ("SELECT approx_distinct(x) FROM (VALUES 'a', 'b', 'a') t(x)", [(2,)]),
        ('SELECT x FROM (VALUES 1, 2, 3) t(x) ORDER BY x OFFSET 1 LIMIT 1', [(2,)]),
        ('SELECT i / 2 AS h, count(*) FROM (VALUES 2, 3, 4) t(i) GROUP BY i / 2 ORDER BY 1', [(1, 2), (2, 1)]),
    ],
)
def test_a_query_gives_what_trino_gives(query: str, rows: list[tuple[Any, ...]]) -> None:
    assert run_sql(query, {}).rows == rows


def test_a_sum_of_integers_is_a_bigint() -> None:
    assert run_sql('SELECT sum(x), sum(CAST(x AS bigint)) OVER () FROM (VALUES 1) t(x) GROUP BY x', {}).types == [
        'BIGINT',
        'BIGINT',
    ]


def test_a_column_of_two_tables_must_be_qualified() -> None:
    with pytest.raises(QueryError, match="AMBIGUOUS_NAME: line 1:8: Column 'x' is ambiguous"):
        run_sql('SELECT x FROM (VALUES 1) a(x) CROSS JOIN (VALUES 1) b(x)', {})


@pytest.mark.parametrize(
    ('number', 'java', 'trino'),
    [
        (1.0, '1.0', '1.0E0'),
        (0.1, '0.1', '1.0E-1'),
        (1e7, '1.0E7', '1.0E7'),
        (123456.5, '123456.5', '1.234565E5'),
        (1e-5, '1.0E-5', '1.0E-5'),
        (0.001, '0.001', '1.0E-3'),
        (0.0, '0.0', '0.0E0'),
        (float('nan'), 'NaN', 'NaN'),
        (float('-inf'), '-Infinity', '-Infinity'),
    ],
)
def test_doubles_are_printed_as_java_and_cast_as_trino_does(number: float, java: str, trino: str) -> None:
    assert (double_text(number), scientific_text(number)) == (java, trino)
    with connect() as connection:
        sql = 'SELECT athena_java_double(n), athena_double_text(n) FROM (SELECT CAST(? AS DOUBLE) AS n)'
        assert connection.execute(sql, [number]).fetchall() == [(java, trino)]


def test_values_are_printed_as_athena_prints_them() -> None:
    assert text_of([1, None, 'a']) == '[1, null, a]'
    assert text_of({'k': 1.5}) == '{k=1.5}'
    assert text_of(b'\x01\xff') == '01 ff'
    assert text_of(T(2020, 1, 1)) == '2020-01-01 00:00:00.000'
