"""What of the caller's environment reaches the functions and jobs of the local cloud."""

from __future__ import annotations

import os
from pathlib import Path

from presage_local import environment


def test_a_variable_of_the_caller_stays_outside(tmp_path: Path) -> None:
    before = dict(os.environ)
    tempdir = environment.tempfile.tempdir
    try:
        os.environ.update(PIPELINE_FILE='/elsewhere', NODE_OPTIONS='--bad', AWS_PROFILE='mine', PRESAGE_NODE='node')
        environment.prepare(tmp_path, 4566)
        assert not {'PIPELINE_FILE', 'NODE_OPTIONS', 'AWS_PROFILE'} & set(os.environ)
        assert os.environ['PRESAGE_NODE'] == 'node'
        assert os.environ['PATH'] == before['PATH']
    finally:
        environment.tempfile.tempdir = tempdir
        os.environ.clear()
        os.environ.update(before)
