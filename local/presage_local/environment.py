"""What MiniStack reads from its environment, set before it is imported; and what a person's shell must not leak in."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

ACCOUNT = '000000000000'
DEFAULT_REGION = 'eu-west-1'
# What a process needs to run at all, and what is meant for us. Everything else of the caller stays outside: functions
# and jobs inherit this environment, and on AWS they would not have it.
_KEPT = re.compile(
    r'PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TERM|TZ|JAVA_HOME|VIRTUAL_ENV|(LD|DYLD)_LIBRARY_PATH|OMP_\w+'
    r'|PRESAGE_\w+|AWS_REGION'
)


def region() -> str:
    """The region the local cloud is in."""
    return os.environ.get('AWS_REGION') or DEFAULT_REGION


def prepare(state: Path, port: int) -> None:
    """Set the environment of this process; functions and jobs inherit parts of it."""
    here = region()
    for name in list(os.environ):
        if not _KEPT.fullmatch(name):
            del os.environ[name]
    endpoint = f'http://127.0.0.1:{port}'
    os.environ.update(
        PRESAGE_LOCAL_STATE=str(state),
        BIND_HOST='127.0.0.1',
        GATEWAY_PORT=str(port),
        MINISTACK_HOST='127.0.0.1',
        MINISTACK_ACCOUNT_ID=ACCOUNT,
        MINISTACK_REGION=here,
        AWS_REGION=here,
        AWS_DEFAULT_REGION=here,
        AWS_ENDPOINT_URL=endpoint,
        AWS_EC2_METADATA_DISABLED='true',
        AUTH='true',
        PERSIST_STATE='1',
        STATE_DIR=str(state / 'ministack'),
        S3_PERSIST='1',
        S3_DATA_DIR=str(state / 's3'),
        TMPDIR=str(state / 'tmp'),
        LAMBDA_EXECUTOR='local',
        # Jobs that take minutes on AWS take seconds here: so do waits between two looks at them, and before retries.
        SFN_WAIT_SCALE='0.25',
        # No other port is opened and no Docker daemon of the person is touched.
        IOT_MTLS_ENABLED='0',
        SFTP_ENABLED='0',
        DOCKER_HOST=f'unix://{state}/tmp/no-docker.sock',
    )
    tempfile.tempdir = str(state / 'tmp')
