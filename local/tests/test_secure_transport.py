"""Mend `secure_transport`: a bucket that demands TLS can be used over the local endpoint."""

from __future__ import annotations

import json

from tests.cloud import Cloud, allow

HOOK = 'mends/secure_transport.py: MiniStack pins the origin of requests otherwise than the mend expects'


def test_a_bucket_that_denies_plain_http_answers(cloud: Cloud) -> None:
    s3 = cloud.client('s3')
    s3.create_bucket(Bucket='tls-only', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
    statement = {
        'Effect': 'Deny',
        'Principal': '*',
        'Action': 's3:*',
        'Resource': ['arn:aws:s3:::tls-only', 'arn:aws:s3:::tls-only/*'],
        'Condition': {'Bool': {'aws:SecureTransport': 'false'}},
    }
    s3.put_bucket_policy(Bucket='tls-only', Policy=json.dumps({'Version': '2012-10-17', 'Statement': [statement]}))
    role = cloud.role('lambda.amazonaws.com', allow('s3:*', '*'))
    as_role = cloud.as_role('s3', role)
    as_role.put_object(Bucket='tls-only', Key='k', Body=b'x')
    assert as_role.get_object(Bucket='tls-only', Key='k')['Body'].read() == b'x', HOOK
