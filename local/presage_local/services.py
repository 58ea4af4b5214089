"""The services of our own, in packages beside this file, each with a `mount()`."""

from __future__ import annotations

import importlib
import importlib.util
import os

NAMES = ('athena', 'spark', 'sagemaker')
# A comma-separated list limits what is mounted: for tests of one service or of none (empty).
CHOICE_VARIABLE = 'PRESAGE_LOCAL_SERVICES'


def mount_all() -> list[str]:
    """Mount every service package that is there. One that is there and cannot be imported is fatal."""
    choice = os.environ.get(CHOICE_VARIABLE)
    wanted = NAMES if choice is None else [name for name in NAMES if name in choice.split(',')]
    mounted = []
    for name in wanted:
        module = f'{__package__}.{name}'
        found = importlib.util.find_spec(module)
        if found is None or found.origin is None:
            continue
        importlib.import_module(module).mount()
        mounted.append(name)
    return mounted
