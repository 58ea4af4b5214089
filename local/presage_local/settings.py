"""Where this server keeps its files and how a client reaches it.

The values are set once by `presage_local.__main__` before MiniStack is imported (it reads its own environment at
import); everything else asks here.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from ministack.core.responses import get_account_id, get_region

STATE_VARIABLE = 'PRESAGE_LOCAL_STATE'


def state_dir() -> Path:
    """The folder of this server's state. RuntimeError outside a running server."""
    folder = os.environ.get(STATE_VARIABLE)
    if not folder:
        raise RuntimeError(f'{STATE_VARIABLE} is not set: the local cloud was not started by presage_local')
    return Path(folder)


def endpoint() -> str:
    """The URL clients (functions, jobs) use, for example http://127.0.0.1:41234."""
    return os.environ['AWS_ENDPOINT_URL']


def outbox_dir() -> Path:
    """Where mails that SNS would send are written, one file each."""
    return state_dir() / 'outbox'


def now() -> float:
    """Seconds since 1970 as AWS's JSON protocols write times."""
    return round(time.time(), 3)


def arn(service: str, resource: str) -> str:
    """The ARN of a resource in the account and region of the request being answered."""
    return f'arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}'
