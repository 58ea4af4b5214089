"""lib/sql/compile.py for many requests: a line of JSON in, a line of JSON out, until the input ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'lib' / 'sql'))

from compile import compile_request

for line in sys.stdin:
    sys.stdout.write(json.dumps(compile_request(json.loads(line))) + '\n')
    sys.stdout.flush()
