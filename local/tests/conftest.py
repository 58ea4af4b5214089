"""One server for the whole test session, on a free port, with a state folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import Cloud


@pytest.fixture(scope='session')
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The local cloud with every service mounted."""
    with Cloud(tmp_path_factory.mktemp('state')) as started:
        yield started


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """An empty folder for a server of the test's own."""
    return tmp_path / 'state'
