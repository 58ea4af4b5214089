"""Failures as one line for people: the type says whose problem it is, the message what is wrong and what to do."""

from __future__ import annotations

import re
from typing import Any

_LONGEST = 1000  # characters; a mail and a FailureReason hold this much


class ScriptError(Exception):
    """A failure whose message is written for people. Python prints it as the last line of stderr: `TypeName: …`."""

    def __init__(self, message: str) -> None:
        super().__init__(_one_line(message))

    def __init_subclass__(cls) -> None:
        # Python prints the module before the name of any exception that is not a built-in; people need the name only.
        cls.__module__ = 'builtins'


class RequestError(ScriptError):
    """The request file is missing or says something the script does not understand."""


class SourceError(ScriptError):
    """What a script was told to read is not there, or not as declared."""


class QueryError(ScriptError):
    """A query failed or gave other columns than declared."""


class DatasetError(ScriptError):
    """The training or inference rows cannot be given to a model."""


class PushError(ScriptError):
    """Predictions did not all reach the table."""


class SparkError(ScriptError):
    """Spark itself failed: out of memory, lost executors, storage that refuses."""


def explain(error: BaseException) -> ScriptError:
    """Any exception as a ScriptError: the innermost cause that says something, on one line."""
    if isinstance(error, ScriptError):
        return error
    text = _innermost(error)
    name = type(error).__name__
    kinds = {'AnalysisException': QueryError, 'ParseException': QueryError}
    kind = QueryError if _is_data_error(text) else kinds.get(name, SparkError)
    return kind(text if name in kinds or name.startswith('Py') or kind is QueryError else f'{name}: {text}')


def _is_data_error(text: str) -> bool:
    """ANSI mode's errors about values (`[CAST_INVALID_INPUT] …`) are the query's, not Spark's."""
    return re.match(r'\[(CAST_|DIVIDE_BY_ZERO|ARITHMETIC_|INVALID_|CANNOT_PARSE|NUMERIC_)', text) is not None


def _innermost(error: BaseException) -> str:
    """The message of the deepest cause: Python's own chain, then the Java exceptions behind Spark's."""
    java = getattr(error, 'java_exception', None) or getattr(error, '_origin', None)
    if java is not None:
        return _innermost_java(java)
    return _python_worker(str(error)) or repr(error)


def _innermost_java(java: Any) -> str:
    text = ''
    for _ in range(20):
        text = _python_worker(java.getMessage() or java.getClass().getSimpleName()) or text
        if java.getCause() is None:
            break
        java = java.getCause()
    return text


def _python_worker(text: str) -> str:
    """A failure inside a Python worker reaches the driver as a whole traceback: its last line is what happened."""
    last = [line for line in text.splitlines() if re.match(r'[A-Za-z_][\w.]*(Error|Exception|Exit)\b', line)]
    if 'Traceback (most recent call last)' in text and last:
        return last[-1]
    return text.strip()


def _one_line(text: str) -> str:
    """The first paragraph, without line breaks: Spark appends query plans and stack traces after it."""
    head = re.split(r'\n\s*\n|\n\s*(?:at |== SQL|;)|\nJVM stacktrace|\nDriver stacktrace', text.strip(), maxsplit=1)[0]
    line = ' '.join(head.split())
    return line if len(line) <= _LONGEST else f'{line[: _LONGEST - 1]}…'
