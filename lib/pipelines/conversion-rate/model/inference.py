"""What the container calls to serve a trained model: CSV of the features in, one probability a line out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from data import CSV, check_columns, read_csv
from package import Matrix, Model, PredictionFailed, Version, load_version
from record import Record, read_record


class Served(NamedTuple):
    """A loaded model, what prepares its rows, and what it was trained on."""

    model: Model
    version: Version
    record: Record


def model_fn(model_dir: str) -> Served:
    """MissingModel, MissingModule."""
    folder = Path(model_dir)
    record = read_record(folder)
    version = load_version(record.version)
    return Served(version.Model.load(folder), version, record)


def input_fn(body: str | bytes, content_type: str = CSV) -> Matrix:
    """MissingData, UnreadableData."""
    return read_csv(body, content_type)


def predict_fn(rows: Matrix, served: Served) -> Matrix:
    """StructureMismatch, PredictionFailed."""
    check_columns(rows, served.record.features)
    return served.model.predict(served.version.prepare(rows, served.record.features))


def output_fn(prediction: Matrix, accept: str = CSV) -> tuple[str, str]:
    """Every digit of every number: rounding is the reader's business."""
    if accept.split(';')[0].strip().lower() not in (CSV, '*/*'):
        raise PredictionFailed(f'the answer cannot be given as {accept}, use {CSV}')
    return ''.join(f'{float(value)!r}\n' for value in prediction), CSV
