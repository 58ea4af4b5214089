"""The small rules around a script, without starting one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from presage_local.errors import AwsError
from presage_local.jobs import Job
from presage_local.spark.emr_requests import read_submit, waits_for_spot
from presage_local.spark.launch import last_error, time_limit
from presage_local.spark.settings import properties
from presage_local.spark.staging import Staging, StagingError

SCRIPT = 's3://b/run.py'


@pytest.mark.parametrize(
    ('log', 'said'),
    [
        ('Traceback (most recent call last):\n  File "a"\nValueError: no rows\n', 'ValueError: no rows'),
        (
            'Traceback (most recent call last):\n  File "a"\nKeyError: 1\n\nDuring handling of the above exception:\n\n'
            'Traceback (most recent call last):\n  File "b"\nmy.Error: gone\nwith more\n26/11/21 INFO bye\n',
            'my.Error: gone',
        ),
        ('26/11/21 INFO hello\ngave up\n', 'gave up'),
        ('java.lang.OutOfMemoryError: Java heap space\nbye\n', 'java.lang.OutOfMemoryError: Java heap space'),
        ('', ''),
    ],
)
def test_the_last_error_of_a_log_is_found(log: str, said: str) -> None:
    assert last_error(log) == said


def test_spark_submit_options_end_at_the_script() -> None:
    submit = read_submit(
        [
            'spark-submit',
            '--deploy-mode=cluster',
            '--conf',
            'a=b=c',
            '--py-files',
            's3://b/l.zip',
            SCRIPT,
            '--conf',
            'x',
        ]
    )
    assert (submit.script, submit.arguments) == (SCRIPT, ['--conf', 'x'])
    assert (submit.conf, submit.py_files) == ({'a': 'b=c'}, ['s3://b/l.zip'])


@pytest.mark.parametrize(
    'arguments',
    [
        [],
        ['hadoop', 'jar'],
        ['spark-submit'],
        ['spark-submit', '--conf'],
        ['spark-submit', '--jars', 's3://b/x.jar', SCRIPT],
        ['spark-submit', '/home/hadoop/run.py'],
        ['spark-submit', '--class', 'Main', 's3://b/x.jar'],
    ],
)
def test_a_command_that_would_not_run_here_is_refused(arguments: list[str]) -> None:
    with pytest.raises(AwsError):
        read_submit(arguments)


def fleet(spot: int, action: str | None = None) -> dict[str, Any]:
    """A request for a cluster of one fleet."""
    launch = {'SpotSpecification': {'TimeoutDurationMinutes': 5, 'TimeoutAction': action}} if action else {}
    core = {'InstanceFleetType': 'CORE', 'TargetSpotCapacity': spot, 'LaunchSpecifications': launch}
    return {'Instances': {'InstanceFleets': [{'InstanceFleetType': 'MASTER', 'TargetOnDemandCapacity': 1}, core]}}


def test_a_fleet_that_may_switch_to_on_demand_does_not_wait_for_spot() -> None:
    assert waits_for_spot(fleet(2, 'TERMINATE_CLUSTER'))
    assert waits_for_spot(fleet(2))
    assert not waits_for_spot(fleet(2, 'SWITCH_TO_ON_DEMAND'))
    assert not waits_for_spot(fleet(0))


def test_a_job_may_set_what_queries_mean_and_not_what_this_machine_gives(tmp_path: Path) -> None:
    given = {'spark.sql.ansi.enabled': 'true', 'spark.executor.memory': '900g', 'spark.master': 'yarn'}
    made = properties(tmp_path, given, 2**40)
    assert made['spark.sql.ansi.enabled'] == 'true'
    assert made['spark.master'] == 'local[*]'
    assert 'spark.executor.memory' not in made
    assert made['spark.driver.bindAddress'] == '127.0.0.1'


def test_a_place_must_say_how_it_is_used_and_stay_in_its_bucket(tmp_path: Path) -> None:
    class Store:
        """Answers every get with a request."""

        def get_object(self, **_: Any) -> dict[str, Any]:
            class Body:
                def iter_chunks(self, _: int) -> list[bytes]:
                    return [b'{"x": {"uri": "s3://b/k"}}']

            return {'Body': Body()}

    staging = Staging(Store(), tmp_path)  # type: ignore[arg-type]
    with pytest.raises(StagingError, match='"access" must be "read" or "write"'):
        staging.stage('s3://b/request.json', tmp_path / 'request.json')
    with pytest.raises(StagingError, match='leads out of its bucket'):
        staging.local('s3://b/../../etc/passwd')
    with pytest.raises(StagingError, match='no s3:// address'):
        staging.local('file:///etc/passwd')


def test_a_job_is_stopped_at_its_time_limit_and_not_before() -> None:
    said: list[str] = []
    quick, slow = Job({}), Job({})
    with time_limit(quick, 5, lambda: said.append('quick')):
        pass
    with time_limit(slow, 0.01, lambda: said.append('slow')):
        time.sleep(0.2)
    assert (quick.stopped, slow.stopped, said) == (False, True, ['slow'])


def test_small_input_is_interpreted_and_large_input_compiled(tmp_path: Path) -> None:
    small, large = (properties(tmp_path, {}, size) for size in (2**20, 2**30))
    assert small['spark.sql.codegen.wholeStage'] == 'false'
    assert 'spark.sql.codegen.wholeStage' not in large
