"""Runs a command to its end and prints {"seconds": …, "peakBytes": …, "said": last line of JSON it printed, or null}.

    python measured.py COMMAND…

The peak is the most memory that the process and all it started had at one time, looked at twenty times a second (Spark
is a Python process and a Java one), and never less than what the system says the largest of them had.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time

_EVERY_SECONDS = 0.05


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


def largest_child_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024


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
    output, _ = child.communicate()
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    if child.returncode != 0:
        print(output, file=sys.stderr)
        sys.exit(1)
    said = next((line for line in reversed(output.splitlines()) if line.startswith('{')), 'null')
    report = {
        'seconds': seconds,
        'peakBytes': max(peak, largest_child_bytes()),
        'said': json.loads(said),
    }
    print(json.dumps(report))


if __name__ == '__main__':
    main()
