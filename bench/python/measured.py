"""Runs a command; prints {"seconds", "processorSeconds", "peakBytes", "said": last line of JSON it printed, or null}.

    python measured.py [--at-most SECONDS] COMMAND…

With a limit, a command that fails or takes longer (it is ended then) is no failure: {"leftOut": "why"}. What it prints
is read for that alone.

The peak is what the system says the largest process had, or, if that is more, the most that the process and all it
started were seen to have at one time (Spark is a Python process and a Java one), looked at four times a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

_EVERY_SECONDS = 0.25


def tree(root: int) -> dict[int, int]:
    """A process and its descendants: resident bytes of each."""
    listed = subprocess.run(
        ['ps', '-A', '-o', 'pid=,ppid=,rss='],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    processes = {int(pid): (int(parent), int(rss)) for pid, parent, rss in map(str.split, listed.splitlines())}
    wanted, size = {root}, -1
    while len(wanted) > size:
        size = len(wanted)
        wanted |= {pid for pid, (parent, _) in processes.items() if parent in wanted}
    return {pid: processes[pid][1] * 1024 for pid in wanted if pid in processes}


def main() -> None:
    limited = sys.argv[1] == '--at-most'
    limit, command = (float(sys.argv[2]), sys.argv[3:]) if limited else (float('inf'), sys.argv[1:])
    peak, late = 0, False
    ended = threading.Event()

    def watch(pid: int) -> None:
        nonlocal peak, late
        while not ended.wait(_EVERY_SECONDS):
            processes = tree(pid)
            peak = max(peak, sum(processes.values()))
            if time.perf_counter() - start > limit:
                late = True
                for process in processes:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)

    start = time.perf_counter()
    errors = subprocess.STDOUT if limited else None
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    watcher = threading.Thread(target=watch, args=(child.pid,))
    watcher.start()
    output = child.stdout.read() if child.stdout else ''
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    if status != 0 and limited:
        last = next((line for line in reversed(output.splitlines()) if line.strip()), 'it said nothing')
        print(json.dumps({'leftOut': f'not done after {limit:.0f} s' if late else last[:200]}))
        return
    if status != 0:
        print(output, file=sys.stderr)
        sys.exit(1)
    lines = [] if limited else output.splitlines()
    said = next((line for line in reversed(lines) if line.startswith('{')), 'null')
    report = {
        'seconds': seconds,
        'processorSeconds': used.ru_utime + used.ru_stime,
        'peakBytes': max(peak, used.ru_maxrss * (1 if sys.platform == 'darwin' else 1024)),
        'said': json.loads(said),
    }
    print(json.dumps(report))


if __name__ == '__main__':
    main()
