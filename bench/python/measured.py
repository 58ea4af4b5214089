"""Runs a command; prints {"seconds", "processorSeconds", "peakBytes", "said": last line of JSON it printed, or null}.

    python measured.py COMMAND…

The peak is what the system says the largest process had, or, if that is more, the most that the process and all it
started were seen to have at one time (Spark is a Python process and a Java one), looked at four times a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

_EVERY_SECONDS = 0.25


def tree_bytes(root: int) -> int:
    """Resident memory of a process and its descendants."""
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
    return sum(processes[pid][1] * 1024 for pid in wanted if pid in processes)


def main() -> None:
    peak = 0
    ended = threading.Event()

    def watch(pid: int) -> None:
        nonlocal peak
        while not ended.wait(_EVERY_SECONDS):
            peak = max(peak, tree_bytes(pid))

    start = time.perf_counter()
    child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
    watcher = threading.Thread(target=watch, args=(child.pid,))
    watcher.start()
    output = child.stdout.read() if child.stdout else ''
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    if status != 0:
        print(output, file=sys.stderr)
        sys.exit(1)
    said = next((line for line in reversed(output.splitlines()) if line.startswith('{')), 'null')
    report = {
        'seconds': seconds,
        'processorSeconds': used.ru_utime + used.ru_stime,
        'peakBytes': max(peak, used.ru_maxrss * (1 if sys.platform == 'darwin' else 1024)),
        'said': json.loads(said),
    }
    print(json.dumps(report))


if __name__ == '__main__':
    main()
