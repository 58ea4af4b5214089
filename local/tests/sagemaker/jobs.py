"""What a SageMaker test needs of the running cloud: a bucket, a role, and short ways to start jobs and wait."""

from __future__ import annotations

import uuid
from typing import Any

from tests.cloud import REGION, Cloud, allow, wait_for

PARQUET = 'x-application/vnd.amazon+parquet'


def fresh(prefix: str) -> str:
    return f'{prefix}-{uuid.uuid4().hex[:8]}'


class Sagemaker:
    """One bucket and one role that may use it, shared by the tests of a module."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.client = cloud.client('sagemaker')
        self.s3 = cloud.client('s3')
        self.bucket = fresh('sagemaker-test')
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={'LocationConstraint': REGION})
        self.role = self.role_with('s3:*')

    def role_with(self, *actions: str) -> str:
        resources = [f'arn:aws:s3:::{self.bucket}', f'arn:aws:s3:::{self.bucket}/*']
        return self.cloud.role('sagemaker.amazonaws.com', *[allow(list(actions), resources)] if actions else [])

    def put(self, key: str, content: bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return f's3://{self.bucket}/{key}'

    def get(self, key: str) -> str:
        text: str = self.s3.get_object(Bucket=self.bucket, Key=key)['Body'].read().decode()
        return text

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get('Contents', [])
        return sorted(entry['Key'] for entry in found)

    def folder(self, content: bytes, name: str = 'part-0.parquet') -> str:
        """Put one object in a folder of its own; the folder's URI."""
        prefix = fresh('input')
        self.put(f'{prefix}/{name}', content)
        return f's3://{self.bucket}/{prefix}/'

    def automl_request(self, training: str, target: str, **more: Any) -> dict[str, Any]:
        table = {'TargetAttributeName': target, 'Mode': 'ENSEMBLING', **more.pop('table', {})}
        channels = [('training', training), *([('validation', more.pop('validation'))] if 'validation' in more else [])]
        return {
            'AutoMLJobName': fresh('job'),
            'AutoMLJobInputDataConfig': [
                {
                    'ChannelType': kind,
                    'ContentType': PARQUET,
                    'DataSource': {'S3DataSource': {'S3DataType': 'S3Prefix', 'S3Uri': uri}},
                }
                for kind, uri in channels
            ],
            'OutputDataConfig': {'S3OutputPath': f's3://{self.bucket}/automl/'},
            'AutoMLProblemTypeConfig': {'TabularJobConfig': table},
            'RoleArn': self.role,
            **more,
        }

    def automl(self, training: str, target: str, **more: Any) -> dict[str, Any]:
        """Run a search to its end."""
        request = self.automl_request(training, target, **more)
        self.client.create_auto_ml_job_v2(**request)
        return self.automl_ended(request['AutoMLJobName'])

    def automl_ended(self, name: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = self.client.describe_auto_ml_job_v2(AutoMLJobName=name)
            return job if job['AutoMLJobStatus'] not in ('InProgress', 'Stopping') else None

        return wait_for(look, 60)

    def model(self, container: dict[str, Any], **environment: str) -> str:
        name = fresh('model')
        known = {**container, 'Environment': {**container.get('Environment', {}), **environment}}
        self.client.create_model(ModelName=name, PrimaryContainer=known, ExecutionRoleArn=self.role)
        return name

    def transform_request(self, model: str, source: str, **processing: str) -> dict[str, Any]:
        return {
            'TransformJobName': fresh('transform'),
            'ModelName': model,
            'BatchStrategy': 'MultiRecord',
            'TransformInput': {
                'DataSource': {'S3DataSource': {'S3DataType': 'S3Prefix', 'S3Uri': source}},
                'ContentType': 'text/csv',
                'SplitType': 'Line',
            },
            'TransformOutput': {
                'S3OutputPath': f's3://{self.bucket}/{fresh("output")}/',
                'Accept': 'text/csv',
                'AssembleWith': 'Line',
            },
            'TransformResources': {'InstanceType': 'ml.m5.xlarge', 'InstanceCount': 1},
            'DataProcessing': processing,
        }

    def transform(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a transform to its end."""
        self.client.create_transform_job(**request)

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = self.client.describe_transform_job(TransformJobName=request['TransformJobName'])
            return job if job['TransformJobStatus'] not in ('InProgress', 'Stopping') else None

        return wait_for(look, 30)

    def outputs(self, request: dict[str, Any]) -> dict[str, str]:
        """Name below the output path → content."""
        prefix = request['TransformOutput']['S3OutputPath'].removeprefix(f's3://{self.bucket}/')
        return {key.removeprefix(prefix): self.get(key) for key in self.keys(prefix)}
