"""A job's own process: reads its specification, writes how far it is, says in one sentence why it failed.

The server starts `python -m presage_local.sagemaker.<name>_process` with the job's folder as working directory and
the credentials of the job's role; the two talk through three files there.
"""

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SPEC, PROGRESS, FAILURE, LOG = 'spec.json', 'progress.json', 'failure.txt', 'log.txt'


class JobFailure(Exception):
    """The job has failed; the text is its FailureReason, beginning with AWS's class of error."""


def write(path: Path, text: str) -> None:
    """Write a file as a whole: a reader sees the old text or the new one."""
    part = path.with_suffix('.part')
    part.write_text(text)
    part.replace(path)


def report(progress: dict[str, Any]) -> None:
    """Tell the server how far the job is."""
    write(Path(PROGRESS), json.dumps(progress))


def run(work: Callable[[dict[str, Any]], None]) -> None:
    """Run the job of the current folder; exit code 1 with FAILURE written if it fails."""
    spec = json.loads(Path(SPEC).read_text())
    try:
        work(spec)
    except JobFailure as failure:
        write(Path(FAILURE), str(failure))
        print(f'failed: {failure}', file=sys.stderr)
        sys.exit(1)
    except MemoryError:
        write(Path(FAILURE), 'AlgorithmError: the job needs more memory than this machine has.')
        sys.exit(1)
    except Exception as error:
        traceback.print_exc()
        write(Path(FAILURE), f'AlgorithmError: {type(error).__name__}: {error}')
        sys.exit(1)
