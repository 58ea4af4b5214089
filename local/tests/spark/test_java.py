"""One Java for several jobs: kept while it is clean, and nothing of a job reaches the next."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from tests.cloud import wait_for

from .conftest import Jobs

REQUEST = """
import json, os, pathlib, sys, time
request = json.loads(pathlib.Path(sys.argv[sys.argv.index('--request') + 1].removeprefix('file://')).read_text())
told = {'java': os.environ['PYSPARK_GATEWAY_PORT']}
"""
SPARK = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
"""
TELL = """
pathlib.Path(request['out']['uri'].removeprefix('file://')).write_text(json.dumps(told))
"""
# What workers see of a secret, and what of the last job might be left.
LOOK = """
context = spark.sparkContext
told |= {
    'key': os.environ['AWS_ACCESS_KEY_ID'],
    "worker's key": context.parallelize([0], 1).map(lambda _: os.environ['AWS_ACCESS_KEY_ID']).first(),
    'setting': spark.conf.get('spark.presage.test', ''),
    'name': context.appName,
    'views': [table.name for table in spark.catalog.listTables()],
}
spark.range(1).createOrReplaceTempView('left_behind')
spark.stop()
"""


def tell(jobs: Jobs, source: str, conf: str = '') -> dict[str, Any]:
    """Run a script; what it told."""
    out = f'told-{time.monotonic_ns()}'
    request = jobs.request(out={'uri': jobs.uri(out), 'access': 'write'})
    name = jobs.job(source)
    run = jobs.run(name, {'--request': request} | ({'--conf': conf} if conf else {}))
    assert run['JobRunState'] == 'SUCCEEDED', run.get('ErrorMessage')
    told: dict[str, Any] = json.loads(jobs.text(out))
    return told


def test_the_next_job_has_the_java_of_the_last_and_nothing_else_of_it(jobs: Jobs) -> None:
    first = tell(jobs, REQUEST + SPARK + LOOK + TELL, 'spark.presage.test=mine')
    second = tell(jobs, REQUEST + SPARK + LOOK + TELL)
    assert first['java'] == second['java']
    assert (first['setting'], second['setting']) == ('mine', '')
    assert (first['views'], second['views']) == ([], [])
    assert first['name'] != second['name']
    for told in (first, second):
        assert told["worker's key"] == told['key']
    assert first['key'] != second['key']


def test_the_java_of_a_script_that_leaves_its_spark_running_is_not_used_again(jobs: Jobs) -> None:
    assert tell(jobs, REQUEST + SPARK + TELL)['java'] != tell(jobs, REQUEST + TELL)['java']


def test_the_java_of_a_job_that_was_stopped_is_not_used_again(jobs: Jobs) -> None:
    before = tell(jobs, REQUEST + TELL)['java']
    out = jobs.request(out={'uri': jobs.uri('stopped'), 'access': 'write'})
    place = jobs.cloud.state / 'work' / 'glue'
    name = jobs.job(f'{REQUEST}{TELL}time.sleep(60)')
    identity = jobs.glue.start_job_run(JobName=name, Arguments={'--request': out})['JobRunId']
    wait_for(lambda: next((f for f in place.rglob('stopped') if f.is_file()), None), 20)
    jobs.glue.batch_stop_job_run(JobName=name, JobRunIds=[identity])
    assert jobs.ended(name, identity)['JobRunState'] == 'STOPPED'
    assert tell(jobs, REQUEST + TELL)['java'] != before


def test_two_jobs_at_once_have_a_java_each(jobs: Jobs) -> None:
    told: list[str] = []
    both = threading.Barrier(2)

    def one() -> None:
        both.wait()
        told.append(tell(jobs, f'{REQUEST}{TELL}time.sleep(1)')['java'])

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(told)) == 2
