"""Run one PySpark script as a role: stage, run in a process of its own, put back what it wrote."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..service import Job, s3_as
from . import settings
from .java import JavaFailed, lent
from .staging import Staging, StagingError

_EXCEPTION = re.compile(r'^[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|Warning)?\b.*')
_TRACEBACK = 'Traceback (most recent call last):'


class ScriptFailed(Exception):
    """The script did not end well; the text is the last line of its error."""


def run_script(
    job: Job,
    *,
    script: str,
    arguments: Sequence[str],
    role: Mapping[str, str],
    folder: Path,
    log: Path,
    py_files: Sequence[str] = (),
    conf: Mapping[str, str] | None = None,
) -> None:
    """Run the script at an s3:// address; `role` is what `role_env` gave. ScriptFailed or JobStopped.

    What a script wrote before it failed is put back as well: on AWS it would be there. A stopped one leaves nothing.
    """
    with lent() as java:
        staging = Staging(s3_as(dict(role)), folder)
        try:
            file = staging.fetch(script, folder / 'script' / _name(script))
            packages = [staging.fetch(uri, folder / 'py' / str(i) / _name(uri)) for i, uri in enumerate(py_files)]
            given = _staged(staging, arguments, folder)
            java.await_start(job)
        except (StagingError, JavaFailed) as error:
            raise ScriptFailed(str(error)) from None
        # A zip is put on the path itself, a module by its folder.
        path = [package if package.suffix in ('.zip', '.egg', '.whl') else package.parent for package in packages]
        staged = sum(item.stat().st_size for item in folder.rglob('*') if item.is_file())
        environment = {**role, **settings.python_environment([file.parent, *path])}
        # As spark-submit would: a script that names its application names it otherwise.
        properties = {'spark.app.name': file.name, **settings.properties(folder, conf or {}, staged)}
        environment |= java.serve(properties, environment)
        code = job.run([sys.executable, str(file), *given], env=environment, cwd=folder, log=log)
        # What Java said comes first: the script's own last words are what its error is taken from.
        log.write_bytes(java.said() + log.read_bytes())
        if code < 0 or staged > settings.SMALL_BYTES:
            java.end()
    job.check()
    try:
        staging.upload()
    except StagingError as error:
        raise ScriptFailed(str(error)) from None
    if code != 0:
        raise ScriptFailed(last_error(log.read_text(errors='replace')) or f'the script ended with exit code {code}')


@contextmanager
def time_limit(job: Job, seconds: float, late: Callable[[], None]) -> Iterator[None]:
    """Stop the job if the block takes longer; `late` is called just before."""

    def end() -> None:
        late()
        job.stop()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _name(uri: str) -> str:
    return uri.rstrip('/').rsplit('/', 1)[-1]


def _staged(staging: Staging, arguments: Sequence[str], folder: Path) -> list[str]:
    given = list(arguments)
    for index, argument in enumerate(given):
        if argument == '--request' and index + 1 < len(given) and given[index + 1].startswith('s3'):
            given[index + 1] = staging.stage(given[index + 1], folder / 'request.json').as_uri()
        elif argument.startswith('--request=s3'):
            given[index] = f'--request={staging.stage(argument[10:], folder / "request.json").as_uri()}'
    return given


def last_error(text: str) -> str:
    """The line of the last Python error in a log that says what went wrong: `ValueError: no rows`."""
    _, found, after = text.rpartition(_TRACEBACK)
    if found:
        for line in after.splitlines()[1:]:
            if line and not line[0].isspace() and _EXCEPTION.match(line):
                return line.strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # No traceback: sys.exit('…') prints its text, Java its exception.
    errors = [line for line in lines if re.search(r'\b\w*(Error|Exception)\b: ', line)]
    return (errors or lines or [''])[-1][:1000]
