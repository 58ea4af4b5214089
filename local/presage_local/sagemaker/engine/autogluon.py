"""AutoGluon, the library behind AWS's ensembling mode, in the place of the built-in search.

Optional and large: it is used only where PRESAGE_AUTOML=autogluon says so and it is installed.
"""

import io
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .automl import Prepared, model_of
from .bundle import Model
from .metrics import Floats
from .objectives import BINARY, MULTICLASS, OUT_OF_TIME, REGRESSION, goodness
from .problem import UnfitData
from .search import Outcome, Search, Trial

_KINDS = {BINARY: 'binary', MULTICLASS: 'multiclass', REGRESSION: 'regression'}
_METRICS = {
    'Accuracy': 'accuracy',
    'AUC': 'roc_auc',
    'BalancedAccuracy': 'balanced_accuracy',
    'F1': 'f1',
    'Precision': 'precision',
    'Recall': 'recall',
    'F1macro': 'f1_macro',
    'PrecisionMacro': 'precision_macro',
    'RecallMacro': 'recall_macro',
    'MAE': 'mean_absolute_error',
    'MSE': 'mean_squared_error',
    'RMSE': 'root_mean_squared_error',
    'R2': 'r2',
}
# Without a limit of the job's own AutoGluon would go on for as long as it finds something to fit.
_DEFAULT_SECONDS = 300
_LABEL, _WEIGHT = 'label', 'weight'


def _library() -> Any:
    try:
        from autogluon.tabular import TabularPredictor
    except ImportError as error:
        raise UnfitData(
            'PRESAGE_AUTOML=autogluon needs the package autogluon.tabular, which cannot be imported here '
            f'({error}). Install it with: .venv/bin/pip install "autogluon.tabular[lightgbm]"; or unset PRESAGE_AUTOML.'
        ) from error
    return TabularPredictor


def _frame(x: Floats, categories: list[int]) -> Any:
    """The encoded matrix as AutoGluon takes it: category codes as text, everything else as numbers."""
    import pandas as pd

    frame = pd.DataFrame(x, columns=[f'f{i}' for i in range(x.shape[1])])
    for i in categories:
        codes = frame[f'f{i}']
        frame[f'f{i}'] = codes.map(lambda v: f'c{v:.0f}', na_action='ignore').astype('category')
    return frame


@dataclass
class Predictor:
    """One model of AutoGluon's: the files of the predictor travel inside the pickle."""

    files: bytes
    name: str
    classes: int
    categories: list[int]
    loaded: Any = field(default=None, repr=False)

    def predict(self, x: Floats) -> Floats:
        if self.loaded is None:
            folder = tempfile.mkdtemp(dir=Path.cwd())
            zipfile.ZipFile(io.BytesIO(self.files)).extractall(folder)
            self.loaded = _library().load(folder, require_py_version_match=False)
        return _predict(self.loaded, self.name, _frame(x, self.categories), self.classes)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {'loaded': None}


def _predict(predictor: Any, name: str, frame: Any, classes: int) -> Floats:
    if not classes:
        return np.asarray(predictor.predict(frame, model=name), dtype=np.float64)
    found = predictor.predict_proba(frame, model=name, as_multiclass=True)
    full = np.zeros((len(frame), classes))
    full[:, [int(c) for c in found.columns]] = found.to_numpy()
    return full


def _packed(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_STORED) as archive:
        for path in sorted(p for p in folder.rglob('*') if p.is_file()):
            archive.write(path, path.relative_to(folder))
    return out.getvalue()


def train_with_autogluon(
    data: Prepared, progress: Callable[[list[Trial]], None] | None = None
) -> tuple[Model | None, Outcome]:
    """As `automl.train`, with AutoGluon's own list of models (MaxCandidates does not bind it).

    Rows to judge on are the validation channel, else the first fold of the built-in search's split.
    """
    library = _library()
    limits, classes = data.request.limits, len(data.target.labels)
    categories = data.encoder.categories
    search = Search(data.target.problem, data.metric, data.training, data.validation, classes=classes, limits=limits)
    search.keep_one_fold()
    seconds = min(limits.deadline - time.monotonic(), _DEFAULT_SECONDS)
    if seconds <= 1:
        return None, Outcome(None, [], [], OUT_OF_TIME)
    train, test = search.folds[0]
    frame = _frame(search.rows.x, categories)
    frame[_LABEL] = search.rows.y
    if search.rows.w is not None:
        frame[_WEIGHT] = search.rows.w
    folder = Path(tempfile.mkdtemp(dir=Path.cwd()))
    predictor = library(
        label=_LABEL,
        problem_type=_KINDS[data.target.problem],
        eval_metric=_METRICS[data.metric],
        path=str(folder),
        sample_weight=_WEIGHT if search.rows.w is not None else None,
        verbosity=1,
    )
    predictor.fit(frame.iloc[train], tuning_data=frame.iloc[test], time_limit=seconds * 0.8, presets='medium_quality')
    names = predictor.model_names()
    if not names:
        return None, Outcome(None, [], [], OUT_OF_TIME)
    unseen = frame.iloc[test].drop(columns=[_LABEL])
    trials = [
        search.judge(name, _predict(predictor, name, unseen, classes), Predictor(b'', name, classes, categories), 0.0)
        for name in names
    ]
    if progress:
        progress(trials)
    best = max(trials, key=lambda t: goodness(data.metric, t.value))
    best.estimator.files = _packed(folder)
    outcome = Outcome(best, trials, [], 'Completed', best.estimator, best.multipliers)
    return model_of(data, outcome), outcome
