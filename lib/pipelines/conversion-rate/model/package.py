"""What every version of the model is: the contract of the folders v1, v2, …, and the errors a person gets to read.

A version is a folder with `Model`, `prepare(rows, features)`, `hyperparameters.json`, `requirements.txt` (what it uses
of the container, which installs nothing more) and its test. A new one needs no other change: the definition of the
pipeline, or an environment, says in one word which version is in use. All of it runs on Python 3.9, the container's.
"""

from __future__ import annotations

import importlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import numpy as np

# Before scikit-learn is loaded: its threads wait for each other asleep. On a machine with other work, threads that wait
# awake make boosting ten times slower, and a free machine loses nothing.
os.environ.setdefault('OMP_WAIT_POLICY', 'passive')

HOME = Path(__file__).resolve().parent
MODEL_FILE = 'model.joblib'

Matrix = np.ndarray
"""Rows by columns, double precision: attrs_scale loses its last attributes in single precision."""


class Labelled(NamedTuple):
    """Rows, and what is to be predicted for each."""

    rows: Matrix
    label: Matrix


class ModelError(Exception):
    """Stops a training or a prediction. The message is one line that says what is missing or wrong, and where."""


class MissingModule(ModelError):
    """A version that is not there, is no version, or needs a Python module that is not there."""


class MissingData(ModelError):
    """A channel, a file or rows that are not there."""


class MissingModel(ModelError):
    """No trained model where one should be."""


class UnreadableData(ModelError):
    """Data that is there and cannot be read."""


class StructureMismatch(ModelError):
    """Data that can be read and is not what was agreed on: columns, types, nulls."""


class TrainingFailed(ModelError):
    """The algorithm itself gave up."""


class PredictionFailed(ModelError):
    """The model gave up, or answered something that is no number."""


class SaveFailed(ModelError):
    """The trained model could not be written."""


class Model(ABC):
    """A version's model. What goes in has been through the version's `prepare`; what comes out is in [0, 1]."""

    version: ClassVar[str]

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        """`parameters` are the version's hyper-parameters, by name."""
        self.parameters = dict(parameters)
        self.fitted: Any = None
        self.validation_mse: float | None = None

    @abstractmethod
    def fit(self, rows: Matrix, label: Matrix) -> Any:
        """What the algorithm learns from the rows with the present parameters: something joblib can save."""

    def choose(self, validation: Labelled) -> dict[str, Any]:
        """Parameters of `estimate` that suit rows better which the fitted model has not seen, if there are any."""
        return {}

    def train(self, rows: Matrix, label: Matrix, validation: Labelled | None = None) -> None:
        """Learns. `validation`, of other entities, is for choices that training rows cannot make and for a first
        judgement, `validation_mse`; then it is learned from as well. TrainingFailed.
        """
        try:
            self.fitted = self.fit(rows, label)
            if validation is not None and len(validation.rows):
                self.parameters.update(self.choose(validation))
                self.validation_mse = self.score(*validation)
                everything = np.concatenate([rows, validation.rows]), np.concatenate([label, validation.label])
                self.fitted = self.fit(*everything)
        except ModelError:
            raise
        except Exception as error:
            raise TrainingFailed(f'{self.version} cannot be trained on {_shape(rows)}: {error}') from error

    @abstractmethod
    def estimate(self, rows: Matrix) -> Matrix:
        """One number a row, of a trained model, as the algorithm gives it."""

    def predict(self, rows: Matrix) -> Matrix:
        """One probability a row. MissingModel before `train` or `load`; PredictionFailed."""
        if self.fitted is None:
            raise MissingModel(f'{self.version} has not been trained: call train or load first')
        try:
            answers = np.asarray(self.estimate(rows), dtype=float).reshape(-1)
        except Exception as error:
            raise PredictionFailed(f'{self.version} cannot predict {_shape(rows)}: {error}') from error
        if len(answers) != len(rows):
            raise PredictionFailed(f'{self.version} answered {len(answers)} numbers to {len(rows)} rows')
        if not np.isfinite(answers).all():
            place = int(np.flatnonzero(~np.isfinite(answers))[0])
            raise PredictionFailed(f'{self.version} answered {answers[place]} to row {place}, which is no probability')
        return np.asarray(np.clip(answers, 0.0, 1.0))

    def score(self, rows: Matrix, label: Matrix) -> float:
        """Mean squared error of the predictions: lower is better."""
        return float(np.mean((self.predict(rows) - label) ** 2))

    def save(self, folder: Path) -> None:
        """Writes the trained model into an existing folder. SaveFailed, also when there is nothing to save."""
        if self.fitted is None:
            raise SaveFailed(f'{self.version} has not been trained: there is nothing to save')
        joblib = module('joblib')
        try:
            joblib.dump({'parameters': self.parameters, 'fitted': self.fitted}, Path(folder) / MODEL_FILE, compress=3)
        except Exception as error:
            raise SaveFailed(f'{self.version} cannot be saved at {Path(folder) / MODEL_FILE}: {error}') from error

    @classmethod
    def load(cls, folder: Path) -> Model:
        """What `save` has written. MissingModel when it is not there or is not readable."""
        joblib = module('joblib')
        path = Path(folder) / MODEL_FILE
        if not path.is_file():
            raise MissingModel(f'there is no model of {cls.version} at {path}')
        try:
            saved = joblib.load(path)
            model = cls(saved['parameters'])
            model.fitted = saved['fitted']
        except Exception as error:
            raise MissingModel(f'the model of {cls.version} at {path} cannot be read: {error}') from error
        return model


class Version(NamedTuple):
    """One folder, imported."""

    name: str
    Model: type[Model]
    prepare: Callable[[Matrix, Sequence[str]], Matrix]
    parameters: dict[str, Any]


def versions() -> list[str]:
    """The names of all versions, the oldest first."""
    found = [path.name for path in HOME.iterdir() if path.is_dir() and path.name[0] == 'v' and path.name[1:].isdigit()]
    return sorted(found, key=lambda name: int(name[1:]))


def load_version(name: str) -> Version:
    """A version by name. MissingModule that names what is not there: the version, a module, a part of the contract."""
    if name not in versions():
        raise MissingModule(f"there is no version '{name}' of the model; there are {', '.join(versions())}")
    found = module(name)
    absent = [part for part in ('Model', 'prepare') if not callable(getattr(found, part, None))]
    if absent:
        raise MissingModule(f'{name}/__init__.py lacks {" and ".join(absent)}')
    return Version(name, found.Model, found.prepare, parameters_of(name))


def module(name: str) -> ModuleType:
    """Imports a version or what it is made with. MissingModule naming the module that is not there."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = error.name or name
        by = '' if missing == name else f'{name} needs it; '
        raise MissingModule(f'the module {missing} is missing or broken: {by}{error}') from error


def parameters_of(name: str) -> dict[str, Any]:
    """The hyper-parameters of a version. MissingModule."""
    path = HOME / name / 'hyperparameters.json'
    try:
        return dict(json.loads(path.read_text(encoding='utf-8')))
    except (OSError, ValueError) as error:
        raise MissingModule(f'{name}/hyperparameters.json cannot be read: {error}') from error


def _shape(rows: Matrix) -> str:
    return ' x '.join(str(length) for length in np.shape(rows)) + ' numbers'
