"""Athena: DuckDB and sqlglot over the Glue catalogue the local cloud keeps."""
