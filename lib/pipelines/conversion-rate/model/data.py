"""Reads what a training job and a transform are given."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from package import Labelled, Matrix, MissingData, StructureMismatch, UnreadableData, module

CSV = 'text/csv'


def read_channel(name: str, folder: Path, features: Sequence[str], label: str) -> Labelled:
    """The rows of a channel's Parquet files, in the order of their names.

    MissingData without a folder or a file, UnreadableData for a file that is no Parquet, StructureMismatch for columns
    that are missing, too many, no numbers or not always there.
    """
    if not folder.is_dir():
        raise MissingData(f'channel {name}: there is no folder {folder}')
    files = sorted(path for path in folder.rglob('*.parquet') if path.stat().st_size)
    if not files:
        raise MissingData(f'channel {name}: there is no Parquet file in {folder}')
    wanted = [*features, label]
    parts = [_read_file(name, path, wanted) for path in files]
    rows = np.concatenate(parts)
    return Labelled(rows[:, :-1], rows[:, -1])


def _read_file(channel: str, path: Path, wanted: Sequence[str]) -> Matrix:
    pyarrow, parquet = module('pyarrow'), module('pyarrow.parquet')
    where = f'channel {channel}: {path.name}'
    try:
        table = parquet.read_table(str(path))
    except (pyarrow.ArrowException, OSError) as error:
        raise UnreadableData(f'{where} cannot be read as Parquet: {error}') from error
    problems = [f'{column} is missing' for column in wanted if column not in table.column_names]
    problems += [f'{column} is not among the features' for column in table.column_names if column not in wanted]
    for column in wanted:
        if column in table.column_names:
            problems += _problems_of(column, table.column(column), pyarrow.types)
    if problems:
        raise StructureMismatch(f'{where}: {"; ".join(problems)}')
    return np.column_stack([np.asarray(table.column(column).to_numpy(), dtype=float) for column in wanted])


def _problems_of(name: str, values: Any, types: Any) -> list[str]:
    if not (types.is_integer(values.type) or types.is_floating(values.type) or types.is_boolean(values.type)):
        return [f'{name} is {values.type} and no number']
    return [f'{name} is empty in {values.null_count} rows'] if values.null_count else []


def read_csv(body: str | bytes, content_type: str) -> Matrix:
    """The rows of a request: CSV without header, numbers only, in double precision. UnreadableData."""
    if content_type.split(';')[0].strip().lower() != CSV:
        raise UnreadableData(f'the content type is {content_type}, use {CSV}')
    try:
        text = body.decode('utf-8') if isinstance(body, (bytes, bytearray)) else body
        if not text.strip():
            raise MissingData('the request has no rows')
        return np.loadtxt(io.StringIO(text), delimiter=',', dtype=float, ndmin=2, comments=None)
    except ValueError as error:
        raise UnreadableData(f'the request is no CSV of numbers: {error}') from error


def check_columns(rows: Matrix, features: Sequence[str]) -> None:
    """StructureMismatch for rows that cannot be the features."""
    if rows.shape[1] != len(features):
        names = ', '.join(features)
        raise StructureMismatch(f'the rows have {rows.shape[1]} columns, the model wants {len(features)}: {names}')
    if not np.isfinite(rows).all():
        row, column = (int(place) for place in np.argwhere(~np.isfinite(rows))[0])
        raise StructureMismatch(f'{features[column]} of row {row} is {rows[row, column]} and no number')
