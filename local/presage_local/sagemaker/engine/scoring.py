"""Batch transform over CSV records, chunk by chunk: filter, score, join, filter, assemble.

Memory does not grow with the input: a chunk of records is in memory, never a file.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from .filters import BadFilter, Filter

CHUNK_BYTES = 8 * 1024 * 1024
# What the container behind the job does with a chunk: features in the model's order to columns of answer fields.
Score = Callable[[list[pa.ChunkedArray]], list[list[str]]]


class BadRecord(ValueError):
    """The input is not what the container takes; the text is the job's failure reason."""


@dataclass(frozen=True)
class Processing:
    """DataProcessing of the job: filters, and whether the input record stands before the answer."""

    input: Filter = field(default_factory=Filter)
    output: Filter = field(default_factory=Filter)
    join: bool = False


def chunks(source: BinaryIO, size: int) -> Iterator[list[bytes]]:
    """Whole lines of a file, some megabytes at a time, without their line ends."""
    rest = b''
    while block := source.read(size):
        whole, newline, rest_of_block = block.rpartition(b'\n')
        if not newline:
            rest += block
            continue
        yield _lines(rest + whole)
        rest = rest_of_block
    if rest:
        yield _lines(rest)


def _lines(block: bytes) -> list[bytes]:
    lines = block.split(b'\n')
    return [line[:-1] if line.endswith(b'\r') else line for line in lines] if b'\r' in block else lines


def _fields(line: bytes) -> list[str]:
    return next(csv.reader([line.decode('utf-8')]), [])


def _table(lines: list[bytes], width: int, text: set[int], first: int) -> pa.Table:
    """The records of a chunk as columns; those in `text` as they stand, the others as numbers where they are."""
    names = [str(i) for i in range(width)]
    body = b'\n'.join(lines) + b'\n'

    def read(all_text: bool) -> pa.Table:
        types = {names[i]: pa.string() if all_text or i in text else pa.float64() for i in range(width)}
        return pacsv.read_csv(
            pa.BufferReader(body),
            pacsv.ReadOptions(column_names=names, block_size=max(len(body) + 1, 1 << 20), use_threads=False),
            pacsv.ParseOptions(newlines_in_values=False, ignore_empty_lines=False),
            pacsv.ConvertOptions(column_types=types, null_values=[''], quoted_strings_can_be_null=True),
        )

    try:
        try:
            table = read(False)
        except pa.ArrowInvalid as error:
            if 'conversion error' not in str(error):
                raise
            table = read(True)  # some text where the model wants a number: it becomes a missing value
    except pa.ArrowInvalid as error:
        raise BadRecord(f'after record {first}: {error}') from error
    if table.num_rows != len(lines):
        raise BadRecord(f'after record {first}: a quoted field holds a line break, which splits it into two records')
    return table


def quoted(value: str) -> str:
    """A field as CSV writes it, in quotes only where it must be."""
    if any(c in value for c in ',"\n\r') or value != value.strip():
        return '"' + value.replace('"', '""') + '"'
    return value


class Scorer:
    """Scores files of records of one job. numeric: which of the model's columns are numbers."""

    def __init__(
        self,
        score: Score,
        numeric: list[bool] | None,
        processing: Processing,
        max_record: int,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self.score, self.numeric, self.processing = score, numeric, processing
        self.max_record, self.chunk_bytes = max_record, chunk_bytes

    def run(self, source: BinaryIO, target: BinaryIO) -> int:
        """Read records, write one line per record in their order; the number of records."""
        done, width = 0, 0
        for lines in chunks(source, self.chunk_bytes):
            if not width:
                width = self._width(lines[0])
            too_long = next((i for i, line in enumerate(lines) if len(line) > self.max_record), None)
            if too_long is not None:
                raise BadRecord(f'record {done + too_long + 1} is larger than MaxPayloadInMB')
            target.write(self._chunk(lines, width, done))
            done += len(lines)
        if not done:
            raise BadRecord('it is empty')
        return done

    def _width(self, line: bytes) -> int:
        try:
            width = len(_fields(line))
        except UnicodeDecodeError:
            raise BadRecord('the records are not UTF-8 text') from None
        positions = self._positions(self.processing.input, width)
        if self.numeric is not None and len(positions) != len(self.numeric):
            after = '' if self.processing.input.everything else ' after the input filter'
            raise BadRecord(
                f'the model takes records of {len(self.numeric)} columns, record 1 has {len(positions)}{after}'
            )
        return width

    @staticmethod
    def _positions(which: Filter, width: int) -> list[int]:
        try:
            return which.positions(width)
        except BadFilter as error:
            raise BadRecord(str(error)) from error

    def _chunk(self, lines: list[bytes], width: int, done: int) -> bytes:
        used = self._positions(self.processing.input, width)
        numbers = {i for i, number in zip(used, self.numeric or [False] * len(used), strict=True) if number}
        # Fields that come back must come back as they stood, whatever they are to the model.
        joined = self.processing.join and not self.processing.output.everything
        keep = {i for i in self._kept(width) if i < width} if joined else set()
        table = _table(lines, width, set(range(width)) - (numbers - keep), done)
        answers = self.score([table.column(i) for i in used])
        if any(len(column) != len(lines) for column in answers):
            raise BadRecord(f'the container answered {len(answers[0])} records to {len(lines)}')
        made = [[quoted(value) for value in column] for column in answers]
        if self.processing.join and not joined:
            before = [line.decode('utf-8') for line in lines]
            return _assembled([before, *made])
        columns = made
        if joined:
            total = width + len(made)
            columns = [
                made[i - width] if i >= width else [quoted(v or '') for v in table.column(i).to_pylist()]
                for i in self._positions(self.processing.output, total)
            ]
        elif not self.processing.output.everything:
            columns = [made[i] for i in self._positions(self.processing.output, len(made))]
        return _assembled(columns)

    def _kept(self, width: int) -> list[int]:
        """Upper bound of the input fields the output filter keeps; answers are at most the four known members."""
        output = self.processing.output
        if output.indexes is None:
            return list(range(width))
        return [j for i in output.indexes for j in ([i] if i >= 0 else range(max(0, width + i), width))]


def _assembled(columns: list[list[str]]) -> bytes:
    out = io.StringIO()
    for row in zip(*columns, strict=True):
        out.write(','.join(row))
        out.write('\n')
    return out.getvalue().encode('utf-8')
