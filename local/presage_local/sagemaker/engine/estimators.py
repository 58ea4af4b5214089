"""Estimators with one face: fit on a matrix with missing values as NaN, predict probabilities or numbers.

They are pickled into model.tar.gz, so every class stands at module level and holds plain attributes.
"""

import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .metrics import Floats, Ints
from .objectives import BINARY, REGRESSION

SEED = 20_220


# LightGBM's threads wait for each other at every split: below this many rows one thread is up to four times faster.
_ROWS_FOR_THREADS = 30_000
# Rows are scored without waiting for each other.
_ROWS_FOR_THREADS_TO_SCORE = 2_000


def threads(rows: int, least: int = _ROWS_FOR_THREADS) -> int:
    """How many threads to use on so many rows."""
    return int(os.environ.get('OMP_NUM_THREADS') or os.cpu_count() or 1) if rows >= least else 1


def have_lightgbm() -> bool:
    """LightGBM needs libomp, which a Mac may lack: loading it is the only way to know."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def _lightgbm_alone() -> Any:
    """LightGBM for scoring. It loads scikit-learn for classes nobody uses here, which is most of the time of a start.

    Not when scikit-learn is loaded already, or will be for another member of a model (see `bundle.load`): LightGBM
    wants to be the second of the two.
    """
    if 'lightgbm' in sys.modules or 'sklearn' in sys.modules:
        import lightgbm

        return lightgbm
    sys.modules['sklearn'] = None  # type: ignore[assignment]  # Python's own way to say: not to be imported
    try:
        import lightgbm
    finally:
        del sys.modules['sklearn']
    return lightgbm


@dataclass(frozen=True)
class Setting:
    """What every fit of one job shares.

    classes is 0 for regression; deadline is the time.monotonic() at which a fit must hand over what it has.
    """

    problem: str
    classes: int
    metric: str
    categories: list[int]
    deadline: float = float('inf')


class Estimator(Protocol):
    def fit(self, x: Floats, y: Floats | Ints, w: Floats | None, s: Setting, valid: 'Unseen | None' = None) -> None:
        """valid: rows to stop early on; without them the estimator fits as many rounds as it was told."""

    def predict(self, x: Floats) -> Floats:
        """[rows, classes] probabilities or [rows] values."""


@dataclass(frozen=True)
class Unseen:
    x: Floats
    y: Floats | Ints
    w: Floats | None


def class_weights(y: Ints, classes: int, power: float) -> Floats:
    """One weight per row, 1/frequency of its class to the power, mean 1."""
    count = np.maximum(np.bincount(y, minlength=classes), 1).astype(np.float64)
    weight = (len(y) / count) ** power
    rows = weight[y]
    return np.asarray(rows / rows.mean())


def row_weights(y: Floats | Ints, w: Floats | None, s: Setting, power: float) -> Floats | None:
    if s.problem == REGRESSION or power == 0:
        return w
    balanced = class_weights(y.astype(np.int64), s.classes, power)
    return balanced if w is None else balanced * w


@dataclass
class BoostedTrees:
    """LightGBM. Stops early on unseen rows and always at the deadline, with the trees it has."""

    leaves: int = 31
    rate: float = 0.05
    min_rows: int = 20
    columns: float = 0.8
    l2: float = 0.0
    balance: float = 0.0
    rounds: int = 600
    patience: int = 30
    booster: Any = None
    classes: int = 0

    def _parameters(self, s: Setting, rows: int) -> dict[str, Any]:
        if s.problem == REGRESSION:
            goal: dict[str, Any] = {'objective': 'l1' if s.metric == 'MAE' else 'l2'}
        elif s.problem == BINARY:
            goal = {'objective': 'binary', 'metric': 'auc' if s.metric == 'AUC' else 'binary_logloss'}
        else:
            goal = {'objective': 'multiclass', 'num_class': s.classes, 'metric': 'multi_logloss'}
        return goal | {
            'num_leaves': self.leaves,
            'learning_rate': self.rate,
            'min_data_in_leaf': min(self.min_rows, max(2, rows // 50)),
            'feature_fraction': self.columns,
            'bagging_fraction': 0.8,
            'bagging_freq': 1,
            'lambda_l2': self.l2,
            'max_bin': 63,
            'seed': SEED,
            'deterministic': True,
            'force_col_wise': True,
            'num_threads': threads(rows),
            'verbosity': -1,
        }

    def fit(self, x: Floats, y: Floats | Ints, w: Floats | None, s: Setting, valid: Unseen | None = None) -> None:
        import lightgbm as lgb

        def stop_in_time(env: Any) -> None:
            if time.monotonic() > s.deadline:
                raise lgb.callback.EarlyStopException(env.iteration, env.evaluation_result_list or [])

        self.classes = s.classes
        data = lgb.Dataset(
            x, y, weight=row_weights(y, w, s, self.balance), categorical_feature=s.categories, free_raw_data=True
        )
        callbacks: list[Any] = [stop_in_time]
        against: list[Any] = []
        if valid is not None:
            held = row_weights(valid.y, valid.w, s, self.balance)
            against = [data.create_valid(valid.x, valid.y, weight=held)]
            callbacks.append(lgb.early_stopping(self.patience, verbose=False, first_metric_only=True))
        self.booster = lgb.train(self._parameters(s, len(y)), data, self.rounds, against, callbacks=callbacks)
        if valid is not None:
            self.rounds = max(1, self.booster.best_iteration or self.booster.current_iteration())

    def predict(self, x: Floats) -> Floats:
        count = threads(len(x), _ROWS_FOR_THREADS_TO_SCORE)
        raw = np.asarray(self.booster.predict(x, num_threads=count), dtype=np.float64)
        return np.column_stack([1 - raw, raw]) if self.classes == 2 else raw

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {'booster': self.booster.model_to_string() if self.booster is not None else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        text = state.pop('booster')
        self.__dict__.update(state, booster=_lightgbm_alone().Booster(model_str=text) if text else None)


@dataclass
class HistogramTrees:
    """scikit-learn's boosting: several times slower than LightGBM, and there without libomp."""

    leaves: int = 15
    balance: float = 0.0
    rounds: int = 200
    classes: int = 0
    model: Any = None

    def fit(self, x: Floats, y: Floats | Ints, w: Floats | None, s: Setting, valid: Unseen | None = None) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        self.classes = s.classes
        shared: dict[str, Any] = {
            'max_iter': self.rounds,
            'max_leaf_nodes': self.leaves,
            'learning_rate': 0.08,
            'l2_regularization': 1.0,
            'categorical_features': s.categories or None,
            'random_state': SEED,
            'early_stopping': False,
        }
        kind = HistGradientBoostingRegressor if s.problem == REGRESSION else HistGradientBoostingClassifier
        with threadpool_limits(threads(len(y))):
            self.model = kind(**shared).fit(x, y, sample_weight=row_weights(y, w, s, self.balance))

    def predict(self, x: Floats) -> Floats:
        return answers(self.model, x, self.classes)


@dataclass
class ExtraTrees:
    trees: int = 200
    min_rows: int = 4
    balance: float = 0.0
    middle: Floats = field(default_factory=lambda: np.empty(0))
    classes: int = 0
    model: Any = None

    def fit(self, x: Floats, y: Floats | Ints, w: Floats | None, s: Setting, valid: Unseen | None = None) -> None:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        self.middle, self.classes = medians(x), s.classes
        kind = ExtraTreesRegressor if s.problem == REGRESSION else ExtraTreesClassifier
        shared: dict[str, Any] = {
            'n_estimators': self.trees,
            'min_samples_leaf': self.min_rows,
            'max_features': 0.3,
            'n_jobs': os.cpu_count(),
            'random_state': SEED,
        }
        weights = row_weights(y, w, s, self.balance)
        self.model = kind(**shared).fit(filled(x, self.middle), y, sample_weight=weights)

    def predict(self, x: Floats) -> Floats:
        return answers(self.model, filled(x, self.middle), self.classes)


@dataclass
class Blend:
    """The plain mean of several estimators, already fitted or to be fitted together."""

    members: list[Any]

    def fit(self, x: Floats, y: Floats | Ints, w: Floats | None, s: Setting, valid: Unseen | None = None) -> None:
        for member in self.members:
            member.fit(x, y, w, s, valid)

    def predict(self, x: Floats) -> Floats:
        return np.asarray(np.mean([member.predict(x) for member in self.members], axis=0))


def answers(model: Any, x: Floats, classes: int) -> Floats:
    """A scikit-learn model's answer with a column for every class, also for one its training rows lacked."""
    if not classes:
        return np.asarray(model.predict(x), dtype=np.float64)
    full = np.zeros((len(x), classes))
    full[:, np.asarray(model.classes_, dtype=np.int64)] = model.predict_proba(x)
    return full


def medians(x: Floats) -> Floats:
    """Column medians; 0 for a column without a value."""
    with np.errstate(all='ignore'):
        return np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in x.T])


def filled(x: Floats, middle: Floats) -> Floats:
    return np.where(np.isnan(x), middle, x)
