"""Small tables with a signal that can be learned, and one whose best answer is known."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

STAGES = ('browsing', 'comparing, seriously', "ready 'now'")


def stages(rows: int, seed: int = 1, features: int = 6) -> pa.Table:
    """Three classes, one of them rare, told by two numbers and a category; the rest is noise and gaps."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, features))
    city = rng.choice(['north', 'south', 'east'], rows)
    pull = 1.6 * numbers[:, 0] + 1.0 * numbers[:, 1] + (city == 'north') + rng.normal(size=rows) * 0.7
    stage = np.where(pull > 2.6, STAGES[2], np.where(pull > 0.9, STAGES[1], STAGES[0]))
    gaps = rng.random(size=numbers.shape) < 0.05
    columns: dict[str, pa.Array] = {f'f{i}': pa.array(numbers[:, i], mask=gaps[:, i]) for i in range(features)}
    return pa.table(columns | {'city': pa.array(city), 'stage': pa.array(stage)})


def buyers(rows: int, seed: int = 1) -> pa.Table:
    """Two classes, 0 and 1, as integers: about one in six buys."""
    rng = np.random.default_rng(seed)
    visits, days = rng.poisson(3, rows), rng.integers(0, 60, rows)
    chance = 1 / (1 + np.exp(-(0.6 * visits - 0.05 * days - 2.4)))
    return pa.table({'visits': visits, 'days': days, 'bought': (rng.random(rows) < chance).astype(np.int64)})


def prices(rows: int, seed: int = 1) -> pa.Table:
    """A number to predict, with a little noise."""
    rng = np.random.default_rng(seed)
    size, rooms = rng.uniform(20, 200, rows), rng.integers(1, 7, rows)
    return pa.table({'size': size, 'rooms': rooms, 'price': 3.0 * size + 20 * rooms + rng.normal(size=rows) * 10})


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def records(table: pa.Table, without: str) -> bytes:
    """CSV without header as batch transform takes it: a key, then the features in order."""
    keyed = table.drop_columns([without]).add_column(0, 'key', pa.array([f'm{i:05d}' for i in range(table.num_rows)]))
    out = io.BytesIO()
    pacsv.write_csv(keyed, out, pacsv.WriteOptions(include_header=False, quoting_style='needed'))
    return out.getvalue()
