"""What MiniStack 1.5.33 does otherwise than AWS, corrected: one module a matter.

Each module says in its docstring what MiniStack does, what AWS does and how it is mended, and has `install()`. The
names of MiniStack it takes hold of are private; `tests/test_<module>.py` fails with this module's name when they move.
"""

from __future__ import annotations

from importlib import import_module

NAMES = (
    'child_processes',
    'node_runtime',
    'secure_transport',
    'execution_history',
    'machine_role',
    'execution_control',
    'retry_timing',
    'state_metrics',
    'embedded_metrics',
    'function_metrics',
    'alarms',
    'mail',
    'deliveries',
    'schedules',
    'cloudformation_types',
    'custom_resources',
    'route_throttling',
)


def install_all() -> None:
    """Install every mend, in order: later ones may wrap what earlier ones replaced."""
    for name in NAMES:
        import_module(f'{__name__}.{name}').install()
