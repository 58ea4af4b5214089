"""Spark: steps of Amazon EMR and jobs of AWS Glue, run as PySpark 3.5.6 in processes of their own."""

from __future__ import annotations


def mount() -> None:
    """Put EMR and Glue in MiniStack's place."""
    from . import catalogue, emr, emr_nodes, glue  # noqa: F401  (emr_nodes registers its operations)

    catalogue.register(glue.service)
    glue.service.mount()
    emr.service.mount()
