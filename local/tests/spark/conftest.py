"""Scripts, roles and places for Glue jobs and EMR steps on the local cloud."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import pytest

from tests.cloud import Cloud, allow, wait_for

# A script that says what it was given; no Spark, so it starts at once.
PLAIN = """
import json, pathlib, sys
request = pathlib.Path(sys.argv[sys.argv.index('--request') + 1].removeprefix('file://'))
request = json.loads(request.read_text())
"""


class Jobs:
    """A bucket and a role of a test's own, and short ways to run scripts."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.s3, self.glue, self.emr = cloud.client('s3'), cloud.client('glue'), cloud.client('emr')
        self.bucket = f'jobs-{uuid.uuid4().hex[:8]}'
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={'LocationConstraint': self.s3.meta.region_name}
        )
        self._profile = ''

    def uri(self, key: str) -> str:
        """The address of a key in the bucket."""
        return f's3://{self.bucket}/{key}'

    def put(self, key: str, body: str | bytes) -> str:
        """Write an object; its address."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return self.uri(key)

    def text(self, key: str) -> str:
        """The text of an object."""
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)['Body'].read()
        return body.decode()

    def keys(self, prefix: str) -> list[str]:
        """Keys under a prefix."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get('Contents', [])
        return [item['Key'] for item in found]

    def request(self, **content: Any) -> str:
        """Write a request; its address."""
        return self.put(f'requests/{uuid.uuid4().hex}.json', json.dumps(content))

    def library(self, **modules: str) -> str:
        """Pack modules as a zip; its address."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, 'w') as archive:
            for name, source in modules.items():
                archive.writestr(f'{name}.py', source)
        return self.put('library.zip', packed.getvalue())

    def data_role(self, principal: str) -> str:
        """A role that may use this bucket."""
        statement = allow('s3:*', [f'arn:aws:s3:::{self.bucket}', f'arn:aws:s3:::{self.bucket}/*'])
        return self.cloud.role(principal, statement)

    def job(self, source: str, role: str = '', **more: Any) -> str:
        """Make a Glue job of a script; its name."""
        name = f'job-{uuid.uuid4().hex[:8]}'
        script = self.put(f'scripts/{name}.py', source)
        self.glue.create_job(
            Name=name,
            Role=role or self.data_role('glue.amazonaws.com'),
            Command={'Name': 'glueetl', 'ScriptLocation': script, 'PythonVersion': '3'},
            **{'GlueVersion': '5.1', **more},
        )
        return name

    def run(self, name: str, arguments: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
        """Run a Glue job to its end."""
        identity = self.glue.start_job_run(JobName=name, Arguments=arguments or {}, **more)['JobRunId']
        return self.ended(name, identity)

    def ended(self, name: str, identity: str) -> dict[str, Any]:
        """The run once it has ended."""

        def look() -> dict[str, Any] | None:
            run: dict[str, Any] = self.glue.get_job_run(JobName=name, RunId=identity)['JobRun']
            return run if run['JobRunState'] not in ('RUNNING', 'STOPPING') else None

        return wait_for(look, 60)

    def profile(self) -> str:
        """An instance profile whose role may use the bucket."""
        if not self._profile:
            role = self.data_role('ec2.amazonaws.com')
            name = f'profile-{uuid.uuid4().hex[:8]}'
            iam = self.cloud.client('iam')
            iam.create_instance_profile(InstanceProfileName=name)
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role.rsplit('/', 1)[-1])
            self._profile = name
        return self._profile

    def step(self, source: str, request: str, action: str = 'TERMINATE_CLUSTER', *options: str) -> dict[str, Any]:
        """A spark-submit step of a script."""
        script = self.put(f'scripts/{uuid.uuid4().hex}.py', source)
        arguments = ['spark-submit', '--deploy-mode', 'client', *options, script, '--request', request]
        return {
            'Name': 'a step',
            'ActionOnFailure': action,
            'HadoopJarStep': {'Jar': 'command-runner.jar', 'Args': arguments},
        }

    def cluster(self, steps: list[dict[str, Any]], **more: Any) -> str:
        """Start a cluster; its id."""
        options: dict[str, Any] = {
            'Name': 'a cluster',
            'ReleaseLabel': 'emr-7.12.0',
            'Applications': [{'Name': 'Spark'}],
            'ServiceRole': self.cloud.role('elasticmapreduce.amazonaws.com'),
            'JobFlowRole': self.profile(),
            'LogUri': self.uri('logs/'),
            'Instances': {
                'InstanceGroups': [
                    {'InstanceRole': 'MASTER', 'InstanceType': 'm6g.xlarge', 'InstanceCount': 1},
                    {'InstanceRole': 'CORE', 'InstanceType': 'm6g.xlarge', 'InstanceCount': 2, 'Market': 'SPOT'},
                ],
                'KeepJobFlowAliveWhenNoSteps': False,
            },
            'Steps': steps,
            **more,
        }
        identity: str = self.emr.run_job_flow(**options)['JobFlowId']
        return identity

    def state(self, cluster: str, *states: str) -> dict[str, Any]:
        """The cluster once it is in one of these states (default: ended)."""
        wanted = states or ('TERMINATED', 'TERMINATED_WITH_ERRORS')

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.emr.describe_cluster(ClusterId=cluster)['Cluster']
            return found if found['Status']['State'] in wanted else None

        return wait_for(look, 60)

    def steps(self, cluster: str) -> list[dict[str, Any]]:
        """The steps in the order they were given."""
        found: list[dict[str, Any]] = self.emr.list_steps(ClusterId=cluster)['Steps']
        return found[::-1]


@pytest.fixture
def jobs(cloud: Cloud) -> Jobs:
    """A place for jobs."""
    return Jobs(cloud)
