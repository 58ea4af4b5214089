"""Rows for the tests: pairs whose conversion rate depends on the device and two attributes, one of them unnamed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from package import Labelled

FEATURES = ('attrs_scale', 'computer', 'smartphone', 'att5', 'att27')
LABEL = 'cr'


def pairs(count: int, seed: int = 7) -> Labelled:
    """Rates of a hundred clicks each: att3 is to be had from `attrs_scale` only, and acts on computers only."""
    random = np.random.default_rng(seed)
    attributes = random.integers(0, 2, (count, 160)).astype(float)
    device = random.integers(0, 3, count)
    computer, smartphone = (device == 0).astype(float), (device == 1).astype(float)
    scale = attributes @ 2.0 ** -np.arange(1, 161)
    rate = 0.1 + 0.2 * computer * attributes[:, 2] + 0.1 * attributes[:, 4] - 0.05 * smartphone
    rows = np.column_stack([scale, computer, smartphone, attributes[:, 4], attributes[:, 26]])
    return Labelled(rows, random.binomial(100, rate) / 100)


def write_channel(folder: Path, labelled: Labelled, name: str = 'part-00000.parquet') -> Path:
    """A channel as a training job finds it: 0 and 1 are whole numbers there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    columns = {
        feature: pa.array(labelled.rows[:, place], pa.float64() if feature == 'attrs_scale' else None)
        for place, feature in enumerate(FEATURES)
    }
    for feature in FEATURES[1:]:
        columns[feature] = columns[feature].cast(pa.int64())
    pq.write_table(pa.table({**columns, LABEL: pa.array(labelled.label)}), str(folder / name))
    return folder
