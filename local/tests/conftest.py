"""One server for the whole test session, on a free port, with a state folder of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
    """However a contract test fails, it says which mend has lost its hold on MiniStack (the module's HOOK)."""
    report = yield
    hook = getattr(getattr(item, 'module', None), 'HOOK', None)
    if report.failed and hook:
        report.sections.append(('the mend this test watches', hook))
    return report
