"""The entry point of a training job, in AWS's scikit-learn container or by hand: everything comes from SM_ variables.

    SM_HPS='{"version": "v2", "label": "cr", "features": ["attrs_scale", …]}' \\
    SM_CHANNEL_TRAIN=…/train SM_CHANNEL_VALIDATION=…/validation SM_MODEL_DIR=…/model python train.py

Reads folders of Parquet, trains the version, judges it on the validation rows and writes model.joblib and model.json.
The validation channel may be absent or empty. A failure is exit code 1 and one line that says what is missing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import package
from data import read_channel
from package import Labelled, MissingData, ModelError, SaveFailed, StructureMismatch
from record import Record, write_record


class Job(NamedTuple):
    """What is asked for. `parameters` overrule the version's hyper-parameters."""

    version: str
    features: Sequence[str]
    label: str
    train: Path
    validation: Path | None
    model_dir: Path
    parameters: Mapping[str, Any]


def job_of(environment: Mapping[str, str]) -> Job:
    """MissingData naming every variable and hyper-parameter that is not there."""
    try:
        told = json.loads(environment.get('SM_HPS', '') or '{}')
    except ValueError as error:
        raise StructureMismatch(f'SM_HPS is no JSON: {error}') from error
    if not isinstance(told, dict):
        raise StructureMismatch(f'SM_HPS is no JSON object but {told!r}')
    missing = [f'hyper-parameter {name} (in SM_HPS)' for name in ('version', 'features', 'label') if not told.get(name)]
    missing += [f'variable {name}' for name in ('SM_CHANNEL_TRAIN', 'SM_MODEL_DIR') if not environment.get(name)]
    if missing:
        raise MissingData(f'missing: {", ".join(missing)}')
    if not isinstance(told['features'], list):
        raise StructureMismatch(f'the hyper-parameter features is {told["features"]!r} and no list of names')
    validation = environment.get('SM_CHANNEL_VALIDATION')
    return Job(
        version=str(told['version']),
        features=[str(name) for name in told['features']],
        label=str(told['label']),
        train=Path(environment['SM_CHANNEL_TRAIN']),
        validation=Path(validation) if validation else None,
        model_dir=Path(environment['SM_MODEL_DIR']),
        parameters=told,
    )


def train(job: Job) -> Record:
    """Trains, judges and saves. ModelError."""
    version = package.load_version(job.version)
    known = {name: value for name, value in job.parameters.items() if name in version.parameters}
    rows, label = read_channel('train', job.train, job.features, job.label)
    if not len(rows):
        raise MissingData(f'channel train: there is no row in {job.train}')
    held = _validation(job)
    model = version.Model({**version.parameters, **known})
    model.train(
        version.prepare(rows, job.features),
        label,
        Labelled(version.prepare(held.rows, job.features), held.label) if held else None,
    )
    record = Record(
        version=job.version,
        features=list(job.features),
        label=job.label,
        train_rows=len(rows),
        validation_rows=len(held.rows) if held else 0,
        validation_mse=model.validation_mse,
    )
    _make(job.model_dir)
    model.save(job.model_dir)
    write_record(job.model_dir, record)
    return record


def _validation(job: Job) -> Labelled | None:
    """The rows of the channel; none when it is absent or empty, as it is for a tiny training set."""
    if job.validation is None or not any(job.validation.rglob('*.parquet')):
        return None
    held = read_channel('validation', job.validation, job.features, job.label)
    return held if len(held.rows) else None


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveFailed(f'the folder {path} for the model cannot be made: {error}') from error


def main(environment: Mapping[str, str]) -> int:
    """0, or 1 after one line about what went wrong.

    The line goes to the log and to SM_OUTPUT_DIR/failure, where SageMaker looks for the reason; the container's toolkit
    writes its own words over that file, so on AWS the log is where the line is sure to be.
    """
    try:
        record = train(job_of(environment))
    except ModelError as error:
        message = f'{type(error).__name__}: {error}'
        print(message, file=sys.stderr, flush=True)
        output = environment.get('SM_OUTPUT_DIR')
        if output and Path(output).is_dir():
            (Path(output) / 'failure').write_text(message, encoding='utf-8')
        return 1
    print(json.dumps(record._asdict()), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main(os.environ))
