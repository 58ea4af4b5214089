"""What lies beside a saved model and says what it is: serving is told nothing but where the model is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from package import MissingModel, SaveFailed

RECORD_FILE = 'model.json'


class Record(NamedTuple):
    """`features` are in the order of the model; `validation_mse` is null without validation rows."""

    version: str
    features: list[str]
    label: str
    train_rows: int
    validation_rows: int
    validation_mse: float | None


def write_record(folder: Path, record: Record) -> None:
    """SaveFailed."""
    path = folder / RECORD_FILE
    try:
        path.write_text(json.dumps(record._asdict(), indent=2) + '\n', encoding='utf-8')
    except OSError as error:
        raise SaveFailed(f'{path} cannot be written: {error}') from error


def read_record(folder: Path) -> Record:
    """MissingModel when there is none, or none that can be read."""
    path = folder / RECORD_FILE
    if not path.is_file():
        raise MissingModel(f'there is no model in {folder}: {RECORD_FILE} is missing')
    try:
        return Record(**json.loads(path.read_text(encoding='utf-8')))
    except (OSError, ValueError, TypeError) as error:
        raise MissingModel(f'{path} cannot be read: {error}') from error
