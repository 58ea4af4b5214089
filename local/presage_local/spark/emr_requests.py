"""What RunJobFlow and AddJobFlowSteps take: the rules EMR checks at once, and what only this EMR does not do."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..service import AwsError, now
from ..store import JOB

RELEASES = {'emr-7.12.0': '3.5.6'}  # release → its Spark; the local cloud has this one only
_ALPHABET = string.ascii_uppercase + string.digits


def invalid(message: str) -> AwsError:
    """EMR's answer to a wrong request."""
    return AwsError('ValidationException', message)


def new_id(prefix: str) -> str:
    """An id as EMR makes them: `j-` or `s-` and 13 letters or digits."""
    return prefix + ''.join(secrets.choice(_ALPHABET) for _ in range(13))


@dataclass(frozen=True)
class Submit:
    """A spark-submit command: the script, its arguments, what goes with it."""

    script: str
    arguments: list[str]
    conf: dict[str, str]
    py_files: list[str]


# Options of spark-submit that take a value; the machine's size is not ours to change.
_WITH_VALUE = (
    '--deploy-mode', '--master', '--name', '--num-executors', '--executor-cores', '--executor-memory',
    '--driver-memory', '--driver-cores', '--driver-java-options', '--queue',
)  # fmt: skip
_ALONE = ('--verbose', '-v', '--supervise')


def read_submit(arguments: list[str]) -> Submit:
    """The script of `spark-submit [options] s3://…/script.py [arguments]`. ValidationException for another shape."""
    if not arguments or arguments[0] not in (
        'spark-submit',
        '/usr/bin/spark-submit',
        '/usr/lib/spark/bin/spark-submit',
    ):
        raise invalid(f'The local EMR runs spark-submit steps only, not {arguments[:1]}')
    conf: dict[str, str] = {}
    py_files: list[str] = []
    index = 1
    while index < len(arguments) and arguments[index].startswith('-'):
        option, found, value = arguments[index].partition('=')
        if option in _ALONE:
            index += 1
            continue
        if option == '--conf' and not found:
            pass
        elif option not in (*_WITH_VALUE, '--py-files', '--conf'):
            raise invalid(f'The local EMR does not know the spark-submit option {option}')
        if not found:
            index += 1
            if index >= len(arguments):
                raise invalid(f'The spark-submit option {option} needs a value')
            value = arguments[index]
        if option == '--conf':
            name, _, setting = value.partition('=')
            conf[name] = setting
        elif option == '--py-files':
            py_files = [part for part in value.split(',') if part]
        index += 1
    if index >= len(arguments):
        raise invalid('spark-submit needs a script')
    script = arguments[index]
    if not script.startswith('s3://') or not script.endswith('.py'):
        raise invalid(f'The local EMR runs Python scripts in S3 (s3://…/script.py), not {script}')
    if any(not part.startswith('s3://') for part in py_files):
        raise invalid(f'The local EMR takes --py-files from S3 only: {",".join(py_files)}')
    return Submit(script, arguments[index + 1 :], conf, py_files)


def check_cluster(request: dict[str, Any]) -> None:
    """ValidationException for a RunJobFlow that EMR, or this EMR, does not take."""
    release = request.get('ReleaseLabel')
    if release not in RELEASES:
        raise invalid(f'The supplied release label is invalid: {release}. The local EMR has {", ".join(RELEASES)}.')
    if not request.get('ServiceRole'):
        raise invalid('ServiceRole is required for creating cluster.')
    if not request.get('JobFlowRole'):
        raise invalid('JobFlowRole (the instance profile) is required for creating cluster.')
    instances = request['Instances']
    given = [k for k in ('InstanceGroups', 'InstanceFleets', 'MasterInstanceType') if instances.get(k)]
    if len(given) != 1:
        raise invalid('Instances needs exactly one of InstanceGroups, InstanceFleets, MasterInstanceType')
    if 'InstanceGroups' in given:
        roles = [group['InstanceRole'] for group in instances['InstanceGroups']]
        if roles.count('MASTER') != 1:
            raise invalid('Instances need exactly one MASTER group')
        if roles.count('CORE') > 1:
            raise invalid('Instances may have one CORE group only')
    if 'InstanceFleets' in given:
        kinds = [fleet['InstanceFleetType'] for fleet in instances['InstanceFleets']]
        if kinds.count('MASTER') != 1 or any(kinds.count(kind) > 1 for kind in kinds):
            raise invalid('Instances need one MASTER fleet and at most one of each other type')
    if (request.get('StepConcurrencyLevel') or 1) > 1:
        raise invalid('The local EMR runs one step at a time: StepConcurrencyLevel must be 1')
    if request.get('BootstrapActions'):
        raise invalid('The local EMR has no bootstrap actions')
    if request.get('Steps') and 'spark' not in [a.get('Name', '').lower() for a in request.get('Applications') or []]:
        raise invalid('Cannot run spark-submit steps: the application Spark is not in Applications')
    if request.get('LogUri') and not request['LogUri'].startswith(('s3://', 's3n://')):
        raise invalid(f'LogUri must be an S3 address: {request["LogUri"]}')
    idle = (request.get('AutoTerminationPolicy') or {}).get('IdleTimeout')
    if idle is not None and not 60 <= idle <= 604800:
        raise invalid('IdleTimeout must be between 60 and 604800 seconds')


def new_steps(configs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Step records. ValidationException if one cannot be run here; then none is made."""
    steps = []
    for config in configs:
        jar = config['HadoopJarStep']
        if jar['Jar'] != 'command-runner.jar':
            raise invalid(f'The local EMR runs command-runner.jar only, not {jar["Jar"]}')
        read_submit(list(jar.get('Args') or []))
        steps.append(
            {
                'Id': new_id('s-'),
                'Name': config['Name'],
                'Config': {'Jar': jar['Jar'], 'Args': list(jar.get('Args') or []), 'Properties': {}},
                'ActionOnFailure': config.get('ActionOnFailure') or 'TERMINATE_CLUSTER',
                'Status': {
                    'State': 'PENDING',
                    'StateChangeReason': {},
                    'Timeline': {'CreationDateTime': now()},
                    # If the server ends before the step does, the step has failed.
                    JOB: {'field': 'State', 'failed': 'FAILED', 'reason_field': '_reason'},
                },
            }
        )
    return steps


def waits_for_spot(request: dict[str, Any]) -> bool:
    """Whether a cluster cannot start without spot capacity: no on-demand takes its place."""
    instances = request['Instances']
    if any(group.get('Market') == 'SPOT' for group in instances.get('InstanceGroups') or []):
        return True
    for fleet in instances.get('InstanceFleets') or []:
        if not fleet.get('TargetSpotCapacity'):
            continue
        spot = (fleet.get('LaunchSpecifications') or {}).get('SpotSpecification') or {}
        if spot.get('TimeoutAction') != 'SWITCH_TO_ON_DEMAND':
            return True
    return False
