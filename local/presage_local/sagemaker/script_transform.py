"""A script's container as batch transform asks it: filtered records as CSV, a payload at a time or each alone."""

import csv
import io
import traceback
from pathlib import Path

import pyarrow as pa

from .engine.scoring import BadRecord, Processing, Scorer, quoted
from .script_container import load_script


def script_scorer(
    archive: Path, environment: dict[str, str], processing: Processing, limit: int, *, one_by_one: bool = False
) -> Scorer:
    """A scorer that sends filtered records as CSV to the script, a payload at a time or each alone."""
    script = load_script(archive, environment)

    def ask(body: str, records: int) -> list[list[str]]:
        try:
            answered = list(csv.reader(io.StringIO(script.answer(body))))
        except Exception as error:
            traceback.print_exc()
            raise BadRecord(f'the script raised {type(error).__name__}: {error}') from error
        if len(answered) != records:
            raise BadRecord(f'the container answered {len(answered)} records to {records}')
        if len({len(row) for row in answered}) > 1:
            raise BadRecord('the container answered records of different lengths')
        return answered

    def score(columns: list[pa.ChunkedArray]) -> list[list[str]]:
        fields = [[quoted(v or '') for v in column.to_pylist()] for column in columns]
        lines = [','.join(row) for row in zip(*fields, strict=True)]
        if one_by_one:
            answered = [row for line in lines for row in ask(f'{line}\n', 1)]
        else:
            answered = ask('\n'.join(lines) + '\n', len(lines))
        return [list(column) for column in zip(*answered, strict=True)]

    return Scorer(score, None, processing, limit, limit)
