"""Athena: DuckDB and sqlglot over the Glue catalogue the local cloud keeps."""

from __future__ import annotations

import threading


def mount() -> None:
    """Put Athena in MiniStack's place. The engine (about a second to import) gets ready beside the start."""
    from .service import service

    service.mount()
    threading.Thread(target=_warm, daemon=True).start()


def _warm() -> None:
    from . import databases, execution  # noqa: F401

    databases.warm()
