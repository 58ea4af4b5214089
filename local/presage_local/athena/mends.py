"""Where DuckDB computes something else than Trino: one function a difference, applied to the typed syntax tree.

sqlglot translates the spelling; these keep the meaning. Each takes a node whose children are mended already and gives
the node that replaces it. Checked against the Trino documentation of engine version 3 and by tests.
"""

from __future__ import annotations

from . import mends_casts, mends_dates, mends_numbers, mends_values  # noqa: F401  (importing registers them)
from .rewrite import mend

__all__ = ['mend']
