"""A trained model as a file: model.tar.gz with its description in JSON and the estimator as a pickle."""

import importlib
import io
import json
import pickle
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .encoding import Column, Encoder, Feature
from .metrics import Floats
from .search import predict

_DESCRIPTION = 'presage_model.json'
_ESTIMATOR = 'estimator.pkl'


class BrokenModel(ValueError):
    """The archive is no model of this engine."""


@dataclass
class Model:
    """labels are the classes in the order of the estimator's columns, shuffled the order in which it names them."""

    problem: str
    target: str
    encoder: Encoder
    labels: list[str]
    shuffled: list[int]
    estimator: Any
    multipliers: Floats

    def predict(self, columns: list[Column]) -> Floats:
        """[rows, classes] probabilities in the order of `labels`, or [rows] values, of one array per feature."""
        return predict(self.estimator, self.multipliers, self.encoder.encode(columns))


def save(model: Model, path: Path) -> None:
    """Write model.tar.gz; the same model gives the same bytes but for the pickle's own order."""
    description = {
        'problem': model.problem,
        'target': model.target,
        'features': [asdict(feature) for feature in model.encoder.features],
        'labels': model.labels,
        'shuffled': model.shuffled,
        'multipliers': model.multipliers.tolist(),
    }
    with tarfile.open(path, 'w:gz', compresslevel=1) as archive:
        for name, content in (
            (_DESCRIPTION, json.dumps(description, indent=1).encode()),
            (_ESTIMATOR, pickle.dumps(model.estimator, protocol=5)),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def load(path: Path) -> Model:
    """Read what `save` wrote; BrokenModel for anything else."""
    try:
        with tarfile.open(path, 'r:gz') as archive:
            parts = {name: archive.extractfile(name) for name in (_DESCRIPTION, _ESTIMATOR)}
            description = json.loads(parts[_DESCRIPTION].read())  # type: ignore[union-attr]
            pickled = parts[_ESTIMATOR].read()  # type: ignore[union-attr]
        if b'sklearn' in pickled:
            importlib.import_module('sklearn.base')  # before LightGBM, which a blend may hold as well
        estimator = pickle.loads(pickled)
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        raise BrokenModel(f'model.tar.gz holds no model of AutoML: {error}') from error
    return Model(
        description['problem'],
        description['target'],
        Encoder([Feature(**feature) for feature in description['features']]),
        description['labels'],
        description['shuffled'],
        estimator,
        np.array(description['multipliers'], dtype=np.float64),
    )
