from __future__ import annotations

import ast
from pathlib import Path

import pytest
from spark_testing import LIBRARY, ROOT

SCRIPTS = [ROOT / 'emr-steps' / 'run_queries.py', *sorted(LIBRARY.rglob('*.py'))]


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.name)
def test_what_runs_on_emr_has_the_syntax_of_its_default_python(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 9))
