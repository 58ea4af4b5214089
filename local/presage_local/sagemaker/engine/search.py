"""The search: fit candidates on training rows, judge them on unseen ones, hand over the best fitted on all rows.

Deterministic for the same data, request and number of threads, as long as the time limit does not cut it short.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import metrics
from .candidates import Candidate, candidates
from .decide import adjust, tune
from .estimators import SEED, Blend, Setting, Unseen
from .metrics import Floats, Ints
from .objectives import ENOUGH, OUT_OF_TIME, REGRESSION, goodness

# Fewer rows need more folds for a steady judgement and can afford them.
_FOLDS_BY_ROWS = ((1_000, 5), (20_000, 3))
_BLENDED = 3


@dataclass(frozen=True)
class Rows:
    x: Floats
    y: Floats | Ints
    w: Floats | None = None


@dataclass(frozen=True)
class Limits:
    """deadline: time.monotonic() by which the search has to return; per_candidate: seconds for one candidate."""

    deadline: float = float('inf')
    per_candidate: float = float('inf')
    max_candidates: int = 750
    validation_fraction: float | None = None


@dataclass
class Trial:
    """One candidate judged: prediction is of the unseen rows, decided without having chosen on them."""

    name: str
    value: float
    scores: dict[str, float]
    multipliers: Floats
    raw: Floats
    estimator: Any
    seconds: float


@dataclass
class Outcome:
    """best is None if the time did not suffice for a single candidate. ended: why the search stopped."""

    best: Trial | None
    trials: list[Trial]
    failures: list[str]
    ended: str
    model: Any = None
    multipliers: Floats = field(default_factory=lambda: np.empty(0))


Progress = Callable[[list[Trial]], None]


class _OutOfTime(Exception):
    pass


def _folds(rows: Rows, problem: str, fraction: float | None) -> Iterator[tuple[Ints, Ints]]:
    from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit

    n = len(rows.y)
    number = next((folds for limit, folds in _FOLDS_BY_ROWS if n <= limit), 1)
    layered = problem != REGRESSION and int(np.bincount(rows.y.astype(np.int64)).min()) >= max(number, 2)
    if fraction or number == 1:
        splitter = StratifiedShuffleSplit if layered else ShuffleSplit
        yield from splitter(1, test_size=fraction or 0.2, random_state=SEED).split(rows.x, rows.y)
        return
    by_class = StratifiedKFold if layered else KFold
    yield from by_class(number, shuffle=True, random_state=SEED).split(rows.x, rows.y)


class Search:
    """One job's search. training: rows to fit; validation: rows to judge on, or None for cross-validation."""

    def __init__(
        self,
        problem: str,
        metric: str,
        training: Rows,
        validation: Rows | None = None,
        *,
        classes: int = 0,
        categories: list[int] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.problem, self.metric, self.limits = problem, metric, limits or Limits()
        self.setting = Setting(problem, classes, metric, categories or [])
        if validation is None:
            self.rows = training
            self.folds = list(_folds(training, problem, self.limits.validation_fraction))
        else:
            self.rows = _stacked(training, validation)
            split = len(training.y)
            self.folds = [(np.arange(split), np.arange(split, len(self.rows.y)))]
        self._mark_unseen()
        counts = np.bincount(self.rows.y.astype(np.int64), minlength=classes) if classes else None
        self.prior = None if counts is None else counts / len(self.rows.y)
        self.unit = 0.0  # seconds of a candidate of cost 1, as far as seen

    def _mark_unseen(self) -> None:
        unseen = np.concatenate([test for _, test in self.folds])
        self.truth = self.rows.y[unseen]
        self.weights = None if self.rows.w is None else self.rows.w[unseen]

    def keep_one_fold(self) -> None:
        """Judge on one part of the rows only."""
        self.folds = self.folds[:1]
        self._mark_unseen()

    def run(self, progress: Progress | None = None) -> Outcome:
        """Try the candidates within the limits, then fit the best on every row."""
        trials: list[Trial] = []
        failures: list[str] = []
        ended = 'Completed'
        listed = candidates(self.problem, len(self.rows.y))
        for candidate in listed:
            if len(trials) + len(failures) >= self.limits.max_candidates:
                ended = ENOUGH
                break
            if not self._affordable(candidate, trials):
                ended = OUT_OF_TIME
                continue
            try:
                trials.append(self._try(candidate))
            except _OutOfTime:
                ended = OUT_OF_TIME
                break
            except Exception as error:  # one candidate that fails, for whatever reason, is not the job's failure
                failures.append(f'{candidate.name}: {type(error).__name__}: {error}')
            if progress:
                progress(trials)
        if len(trials) >= 2 and len(trials) < self.limits.max_candidates and self._left() > 0:
            trials.append(self._blend(trials))
        if not trials:
            return Outcome(None, [], failures, ended)
        best = max(trials, key=lambda t: goodness(self.metric, t.value))
        return Outcome(best, trials, failures, ended, self._final(best), best.multipliers)

    def _left(self) -> float:
        return self.limits.deadline - time.monotonic()

    def _affordable(self, candidate: Candidate, trials: list[Trial]) -> bool:
        """The first is always tried (it hands over what it has in time); others only if they can finish."""
        if not trials:
            return self._left() > 0
        # Half as much again for the fit on all rows that follows.
        return self.unit * candidate.cost * 1.5 < self._left()

    def _try(self, candidate: Candidate) -> Trial:
        started = time.monotonic()
        deadline = min(self.limits.deadline, started + self.limits.per_candidate)
        parts: list[Floats] = []
        fitted: list[Any] = []
        for k, (train, test) in enumerate(self.folds):
            # Each fold its share of what is left, a share kept for the last fit.
            share = started + (deadline - started) * (k + 1) / (len(self.folds) + 1)
            if time.monotonic() >= deadline:
                raise _OutOfTime
            estimator = candidate.fresh()
            setting = Setting(self.problem, self.setting.classes, self.metric, self.setting.categories, share)
            estimator.fit(*self._part(train), setting, Unseen(*self._part(test)))
            parts.append(estimator.predict(self.rows.x[test]))
            fitted.append(estimator)
        spent = time.monotonic() - started
        self.unit = max(self.unit * 0.5, spent / candidate.cost)
        return self.judge(candidate.name, np.concatenate(parts), _settled(fitted), spent)

    def _part(self, index: Ints) -> tuple[Floats, Floats | Ints, Floats | None]:
        return self.rows.x[index], self.rows.y[index], None if self.rows.w is None else self.rows.w[index]

    def judge(self, name: str, raw: Floats, estimator: Any, seconds: float) -> Trial:
        """A candidate from its predictions for the unseen rows, in the order of the folds."""
        multipliers, decided = np.empty(0), raw
        if self.prior is not None:
            multipliers, decided = tune(self.metric, self.truth.astype(np.int64), raw, self.prior, self.weights)
        scores = metrics.all_metrics(self.problem, self.truth, decided, self.weights)
        return Trial(name, scores[self.metric], scores, multipliers, raw, estimator, seconds)

    def _blend(self, trials: list[Trial]) -> Trial:
        best = sorted(trials, key=lambda t: -goodness(self.metric, t.value))[:_BLENDED]
        raw = np.asarray(np.mean([t.raw for t in best], axis=0))
        return self.judge('WeightedEnsemble', raw, Blend([t.estimator for t in best]), sum(t.seconds for t in best))

    def _final(self, best: Trial) -> Any:
        """The best fitted on all rows; as it was judged, if the time does not suffice or it was judged on one part."""
        if best.seconds / len(self.folds) * 1.3 > self._left():
            return best.estimator
        best.estimator.fit(self.rows.x, self.rows.y, self.rows.w, self.setting)
        return best.estimator


def _settled(fitted: list[Any]) -> Any:
    """One fold's estimator that stands for all: it has the middle number of rounds for the next fit."""
    rounds = [e.rounds for e in fitted if hasattr(e, 'rounds')]
    if rounds:
        fitted[0].rounds = max(1, int(np.median(rounds) * 1.1))
    return fitted[0]


def _stacked(a: Rows, b: Rows) -> Rows:
    weights = None if a.w is None or b.w is None else np.concatenate([a.w, b.w])
    return Rows(np.vstack([a.x, b.x]), np.concatenate([a.y, b.y]), weights)


def predict(model: Any, multipliers: Floats, x: Floats) -> Floats:
    """What the container answers: probabilities with the decision moved, or numbers."""
    raw = np.asarray(model.predict(x), dtype=np.float64)
    return raw if raw.ndim == 1 else adjust(raw, multipliers)
