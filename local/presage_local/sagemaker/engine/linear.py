"""Logistic and ridge regression on scaled columns: hard to beat on small or noisy data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .estimators import Setting, Unseen, filled, medians, row_weights
from .metrics import Floats, Ints
from .objectives import REGRESSION

# A category becomes one column per level, up to this many levels.
_LEVELS = 30
_SKEWED = 2.0


@dataclass
class Scaling:
    """Median for missing, a column telling it was missing, logarithm of skewed counts, mean 0 and deviation 1."""

    categories: list[int] = field(default_factory=list)
    middle: Floats = field(default_factory=lambda: np.empty(0))
    gaps: list[int] = field(default_factory=list)
    skewed: list[int] = field(default_factory=list)
    mean: Floats = field(default_factory=lambda: np.empty(0))
    spread: Floats = field(default_factory=lambda: np.empty(0))

    def learn(self, x: Floats, categories: list[int]) -> Floats:
        """Fit on training rows and return them transformed."""
        self.categories = categories
        self.middle = medians(x)
        self.gaps = [i for i in range(x.shape[1]) if np.isnan(x[:, i]).any()]
        full = filled(x, self.middle)
        centred = full - full.mean(axis=0)
        deviation = full.std(axis=0)
        safe = np.where(deviation > 0, deviation, 1.0)
        skewness = np.abs((centred**3).mean(axis=0) / safe**3)
        self.skewed = [i for i in range(x.shape[1]) if skewness[i] > _SKEWED and i not in categories]
        raw = self._raw(x)
        self.mean, spread = raw.mean(axis=0), raw.std(axis=0)
        self.spread = np.where(spread > 1e-12, spread, 1.0)
        return self._scaled(raw)

    def _raw(self, x: Floats) -> Floats:
        full = filled(x, self.middle)
        full[:, self.skewed] = np.sign(full[:, self.skewed]) * np.log1p(np.abs(full[:, self.skewed]))
        levels = [(x[:, i] == level).astype(np.float64) for i in self.categories for level in range(_LEVELS)]
        numbers = np.delete(full, self.categories, axis=1)
        parts = [numbers, np.isnan(x[:, self.gaps]).astype(np.float64)]
        return np.hstack([*parts, np.column_stack(levels)] if levels else parts)

    def _scaled(self, raw: Floats) -> Floats:
        # A value far outside of training must not dominate a linear sum.
        return np.clip((raw - self.mean) / self.spread, -8.0, 8.0)

    def apply(self, x: Floats) -> Floats:
        return self._scaled(self._raw(x))


@dataclass
class Linear:
    """strength: inverse of the L2 penalty (logistic), as scikit-learn's C.

    Only the fit needs scikit-learn: a process that scores starts without loading it.
    """

    strength: float = 0.02
    balance: float = 0.0
    scaling: Scaling = field(default_factory=Scaling)
    classes: int = 0
    known: list[int] = field(default_factory=list)  # class numbers, one per row of slopes
    slopes: Floats = field(default_factory=lambda: np.empty(0))
    start: Floats = field(default_factory=lambda: np.empty(0))

    def fit(self, x: Floats, y: Floats | Ints, w: Floats | None, s: Setting, valid: Unseen | None = None) -> None:
        from sklearn.linear_model import LogisticRegression, Ridge

        self.classes = s.classes
        scaled = self.scaling.learn(x, s.categories)
        weights = row_weights(y, w, s, self.balance)
        if s.problem == REGRESSION:
            model: Any = Ridge(alpha=1.0 / self.strength).fit(scaled, y, sample_weight=weights)
        else:
            model = LogisticRegression(C=self.strength, max_iter=200, tol=1e-3).fit(scaled, y, sample_weight=weights)
            self.known = [int(k) for k in model.classes_]
        self.slopes, self.start = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)

    def predict(self, x: Floats) -> Floats:
        sums = self.scaling.apply(x) @ self.slopes.T + self.start
        if not self.classes:
            return np.asarray(sums[:, 0])
        if len(self.known) == 2:
            sums = np.column_stack([np.zeros(len(sums)), sums[:, 0]])
        powers = np.exp(sums - sums.max(axis=1, keepdims=True))
        full = np.zeros((len(x), self.classes))
        full[:, self.known] = powers / powers.sum(axis=1, keepdims=True)
        return full
