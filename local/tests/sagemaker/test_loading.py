"""What a process that only scores has to load: a start takes most of the time of a small transform."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from presage_local.sagemaker.engine import automl, bundle
from presage_local.sagemaker.engine.estimators import Blend, BoostedTrees, ExtraTrees, Setting
from presage_local.sagemaker.engine.objectives import BINARY
from presage_local.sagemaker.engine.search import Outcome
from tests.cloud import LOCAL
from tests.sagemaker.data import buyers
from tests.sagemaker.test_engine import predicted

PROCESS = """
import sys
from pathlib import Path
from presage_local.sagemaker.automl_container import AutomlContainer

container = AutomlContainer(Path(sys.argv[1]), {'SAGEMAKER_INFERENCE_OUTPUT': 'probabilities'})
print(container.respond(sys.argv[2].encode(), 'text/csv', '').body.decode().strip(), 'sklearn' in sys.modules)
"""


@pytest.mark.parametrize(
    ('estimator', 'needs'),
    [(BoostedTrees(rounds=20), False), (Blend([BoostedTrees(rounds=20), ExtraTrees(trees=5)]), True)],
    ids=['trees of LightGBM', 'a blend with trees of scikit-learn'],
)
def test_scikit_learn_is_loaded_only_for_a_model_that_has_some_of_it(
    tmp_path: Path, estimator: Any, needs: bool
) -> None:
    pytest.importorskip('lightgbm')
    data = automl.prepare(automl.Request('job', 'bought', BINARY), buyers(600))
    rows = data.training
    estimator.fit(rows.x, rows.y, None, Setting(BINARY, 2, 'AUC', []))
    outcome = Outcome(None, [], [], 'Completed', estimator, np.ones(2))
    model = automl.model_of(data, outcome)
    archive = tmp_path / 'model.tar.gz'
    bundle.save(model, archive)
    row = buyers(1, seed=5)
    told = subprocess.run(
        [sys.executable, '-c', PROCESS, str(archive), f'{row["visits"][0]},{row["days"][0]}'],
        env={'PYTHONPATH': str(LOCAL)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    answer, _, loaded = told.strip().rpartition(' ')
    assert loaded == str(needs)
    given = [float(part) for part in answer.strip('"[]').split(', ')]
    assert np.allclose(given, predicted(model, row)[0][model.shuffled], atol=1e-8)
