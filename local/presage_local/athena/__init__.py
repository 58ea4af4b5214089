"""Athena: DuckDB and sqlglot over the Glue catalogue the local cloud keeps."""

from __future__ import annotations

import importlib
import threading


def mount() -> None:
    """Put Athena in MiniStack's place. The engine's libraries (about a second to import) load beside the start."""
    from .service import service

    service.mount()
    threading.Thread(target=importlib.import_module, args=(f'{__name__}.execution',), daemon=True).start()
