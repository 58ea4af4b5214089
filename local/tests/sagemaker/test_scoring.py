"""Batch transform's handling of records: filters, joins, order, quoting, and what it refuses."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest

from presage_local.sagemaker.engine.filters import BadFilter, parse
from presage_local.sagemaker.engine.scoring import BadRecord, Processing, Scorer

MEGABYTE = 1024 * 1024


def echo(columns: list[pa.ChunkedArray]) -> list[list[str]]:
    """A model that answers its first feature and how many it was given."""
    return [[str(v) for v in columns[0].to_pylist()], [f'[{len(columns)}, 0]'] * len(columns[0])]


def run(
    text: str | bytes,
    numeric: list[bool] | None = None,
    limit: int = MEGABYTE,
    chunk: int = MEGABYTE,
    **told: str | bool,
) -> str:
    processing = Processing(
        parse(told.get('input')),  # type: ignore[arg-type]
        parse(told.get('output')),  # type: ignore[arg-type]
        bool(told.get('join')),
    )
    out = io.BytesIO()
    source = text if isinstance(text, bytes) else text.encode()
    Scorer(echo, numeric, processing, limit, chunk).run(io.BytesIO(source), out)
    return out.getvalue().decode()


@pytest.mark.parametrize(
    ('text', 'width', 'positions'),
    [
        (None, 3, [0, 1, 2]),
        ('$', 2, [0, 1]),
        ('$[1:]', 3, [1, 2]),
        ('$[-2:]', 4, [2, 3]),
        ('$[0,160,161]', 162, [0, 160, 161]),
        ('$[0,-1]', 5, [0, 4]),
        ('$[2]', 3, [2]),
        ('$[1, 0]', 2, [1, 0]),
    ],
)
def test_a_filter_keeps_the_fields_it_names(text: str | None, width: int, positions: list[int]) -> None:
    assert parse(text).positions(width) == positions


@pytest.mark.parametrize(
    'text', ['$.a', "$['a']", '$[*]', '$..x', '$[0:2]', '$[:3]', '[0]', '$[', '$[0' + ',1' * 40 + ']']
)
def test_a_filter_that_csv_cannot_have_is_refused(text: str) -> None:
    with pytest.raises(BadFilter):
        parse(text)


def test_answers_keep_the_order_of_the_records_over_many_chunks() -> None:
    answer = run(
        ''.join(f'k{i},{i}\n' for i in range(500)), [True], chunk=64, input='$[1:]', join=True, output='$[0,2]'
    )
    assert answer.splitlines() == [f'k{i},{i}.0' for i in range(500)]


def test_without_a_join_only_the_answer_is_written() -> None:
    assert run('a,1\nb,2\n', [True], input='$[1:]') == '1.0,"[1, 0]"\n2.0,"[1, 0]"\n'


def test_a_join_puts_the_whole_record_first_as_it_stood() -> None:
    assert run('"a, b",1.50\n', [True], input='$[1:]', join=True) == '"a, b",1.50,1.5,"[1, 0]"\n'


def test_a_join_counts_the_unfiltered_record_then_the_answers() -> None:
    answer = run('"a, ""b""",007,x\n', [True], input='$[1]', join=True, output='$[0,1,4,-1]')
    assert next(csv.reader(io.StringIO(answer))) == ['a, "b"', '007', '[1, 0]', '[1, 0]']


def test_the_last_record_needs_no_line_end_and_windows_line_ends_are_taken() -> None:
    assert run('1\r\n2', [True], output='$[0]') == '1.0\n2.0\n'


def test_text_where_the_model_wants_a_number_is_silently_missing() -> None:
    # On AWS a wrong column order is not an error either.
    assert run('1\nx\n', [True], output='$[0]') == '1\nx\n'


def test_a_wrong_number_of_columns_is_an_error() -> None:
    with pytest.raises(BadRecord, match='records of 2 columns, record 1 has 3 after the input filter'):
        run('k,1,2,3\n', [True, True], input='$[1:]')


def test_a_record_shorter_than_the_first_is_an_error() -> None:
    with pytest.raises(BadRecord, match='Expected 2 columns, got 1'):
        run('1,2\n3\n', [True, True])


def test_an_empty_object_is_an_error() -> None:
    with pytest.raises(BadRecord, match='empty'):
        run('', [True])


def test_a_line_break_inside_quotes_is_an_error() -> None:
    with pytest.raises(BadRecord):
        run('"a\nb",1\n', [False, True])


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(BadRecord, match='UTF-8'):
        run(b'\xff\xfe,1\n', [False, True])


def test_a_record_above_the_payload_limit_is_an_error() -> None:
    with pytest.raises(BadRecord, match='record 2 is larger'):
        run('1\n' + '2' * 50 + '\n', [True], limit=40)


def test_an_output_field_that_is_not_there_is_an_error() -> None:
    with pytest.raises(BadRecord, match='index 5 lies outside of a record of 2 fields'):
        run('1\n', [True], output='$[5]')
