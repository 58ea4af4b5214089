"""The list of models the search tries, in the order in which it tries them."""

import copy
from dataclasses import dataclass
from typing import Any

from .estimators import BoostedTrees, ExtraTrees, HistogramTrees, have_lightgbm
from .linear import Linear
from .objectives import REGRESSION

# Deep trees on few rows cost the most and have never won.
_ROWS_FOR_LARGE = 10_000


@dataclass(frozen=True)
class Candidate:
    """cost: rough time of a fit relative to the first candidate, to know what cannot be finished in time."""

    name: str
    estimator: Any
    cost: float = 1.0

    def fresh(self) -> Any:
        return copy.deepcopy(self.estimator)


def candidates(problem: str, rows: int) -> list[Candidate]:
    """The list for a problem and a number of rows.

    Best quality per second first: a short budget still ends with a good model.
    """
    classification = problem != REGRESSION
    linear = [Candidate('Linear', Linear(), 0.4)]
    if classification:
        linear.append(Candidate('Linear_Balanced', Linear(balance=1.0), 0.4))
    # Full-grown trees cost more than in proportion to the rows.
    large = rows >= _ROWS_FOR_LARGE
    trees = Candidate('ExtraTrees', ExtraTrees(trees=80, min_rows=10) if large else ExtraTrees(), 6.0 if large else 1.0)
    if not have_lightgbm():
        boosted = [Candidate('HistogramTrees', HistogramTrees())]
        if classification:
            boosted.append(Candidate('HistogramTrees_Balanced', HistogramTrees(balance=0.5)))
        return [boosted[0], *linear, *boosted[1:], trees]
    small = BoostedTrees(leaves=7, rate=0.1, min_rows=30, columns=0.3, l2=5.0)
    boosted = [
        Candidate('LightGBM_Small', small),
        Candidate('LightGBM', BoostedTrees(leaves=24, rate=0.08, columns=0.4, l2=1.0), 2.0),
    ]
    if classification:
        balanced = copy.deepcopy(small)
        balanced.balance = 0.5
        boosted.append(Candidate('LightGBM_Balanced', balanced))
    if large:
        boosted.append(Candidate('LightGBM_Large', BoostedTrees(leaves=63, min_rows=50, columns=0.6, l2=1.0), 4.0))
    return [boosted[0], linear[0], trees, boosted[1], *linear[1:], *boosted[2:]]
