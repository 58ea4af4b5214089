"""Errors an AWS client can read."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error answer: `AwsError('ValidationException', 'text', status=400)`. `extra` are further members of it."""

    def __init__(self, code: str, message: str, status: int = 400, **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.extra = extra
