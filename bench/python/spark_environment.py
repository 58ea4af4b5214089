"""Prints, as JSON, the variables a Spark script starts with: {"tuned": {…}, "default": {…}}.

    python spark_environment.py FOLDER INPUT_BYTES FOLDER_ON_THE_PYTHON_PATH…

Tuned: exactly what the local cloud's launcher gives a job. Default: what someone who has just installed PySpark would
use; only which Java and which Python, and that it listens on 127.0.0.1, are said.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from presage_local.jobs import base_env
from presage_local.spark import archive, settings


def main() -> None:
    folder, input_bytes = Path(sys.argv[1]), int(sys.argv[2])
    path = [Path(argument) for argument in sys.argv[3:]]
    default = {
        'JAVA_HOME': str(settings.java_home()),
        'SPARK_LOCAL_IP': '127.0.0.1',
        'PYSPARK_PYTHON': sys.executable,
        'PYTHONPATH': os.pathsep.join(map(str, path)),
    }
    tuned = settings.environment(folder, archive.use(), {}, path, input_bytes)
    print(json.dumps({'tuned': {**base_env(), **tuned}, 'default': {**base_env(), **default}}))


if __name__ == '__main__':
    main()
