import { type CfnResource, Stack, Validations } from 'aws-cdk-lib';
import { CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import { CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { CfnUserPool } from 'aws-cdk-lib/aws-cognito';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { CfnPolicy, CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { IConstruct } from 'constructs';

/**
 * The findings of cdk-nag that stay, each with its reason.
 *
 * A finding that no line here names fails the synthesis; a line that names no finding fails a test. Wildcards are
 * named by what they match, never by the rule alone.
 */
export const WILDCARDS: { resource: RegExp; reason: string }[] = [
  {
    resource: /:s3:::[^/]+\/(.+\/)?\*$/,
    reason: 'Data and results of one pipeline are many objects below its own prefix, with names made at run time.',
  },
  {
    resource: /:table\/presage_\w+\/\w+\*$/,
    reason: "The catalogue's tables of one pipeline share its prefix; a query reads several of them.",
  },
  {
    resource: /:job\/presage-[\w-]+-\*$/,
    reason: 'The Glue jobs of one pipeline share its prefix.',
  },
  {
    resource: /:sagemaker:.*:[a-z-]+\/pr[0-9a-f]{8}\*$/,
    reason: 'SageMaker jobs and models are made at run time, below a prefix of the environment and pipeline.',
  },
  {
    resource: /:elasticmapreduce:.*:cluster\/\*$/,
    reason: 'A cluster has its id only when it runs; a condition on the tag of the pipeline limits the statement.',
  },
  {
    resource: /:execution:presage-[\w-]+:\*$/,
    reason: 'Executions of the two machines of one pipeline have names made at run time.',
  },
  {
    resource: /:secret:[^*]+-\?{6}$|:log-group:\/aws(-glue|\/sagemaker)\/\*$/,
    reason: 'The service appends what it likes to the name.',
  },
  {
    resource: /:ecr:.*:\*:repository\/\*$/,
    reason: "AWS's own images are in registries of AWS accounts that differ by region; our own account is excluded.",
  },
  {
    resource: /^<Steps\w+Function\w+\.Arn>:\*$/,
    reason: 'The versions of one function, as CDK grants invocation.',
  },
  {
    resource: /^<SiteFiles\w+\.Arn>\/\*$/,
    reason: 'The files of the page are all objects of a bucket that has nothing else.',
  },
];

/** `Resource: *`, by the policy that has it: the service knows no resource for these actions. */
export const STARS: { policy: RegExp; reason: string }[] = [
  {
    policy: /\/Steps\/[\w-]+\/Role\/DefaultPolicy\/Resource$/,
    reason:
      'X-Ray, RunJobFlow (limited by its tag), ListClusters, ListCandidatesForAutoMLJob and ListEndpointConfigs know no resource.',
  },
  { policy: /\/Api\/[\w-]+\/Role\/DefaultPolicy\/Resource$/, reason: 'X-Ray knows no resource.' },
  { policy: /\/Machine\/Machine\/Role\/DefaultPolicy\/Resource$/, reason: 'X-Ray and log delivery know no resource.' },
  {
    policy: /\/Emr\/ServiceRole\/DefaultPolicy\/Resource$/,
    reason: 'EC2 looks, and launches limited to the region; ending is limited to what EMR tagged as its own.',
  },
  {
    policy: /\/ModelRole\/Role\/DefaultPolicy\/Resource$/,
    reason: 'ecr:GetAuthorizationToken and cloudwatch:PutMetricData (limited by namespace) know no resource.',
  },
];

/** What CDK's BucketDeployment brings with it: a function that copies the files of the page at a deploy. */
const COPIES_THE_PAGE = /\/Custom::CDKBucketDeployment\w+\//;
/** Its actions with a wildcard, on its own two buckets. */
const COPYING = ['s3:GetBucket*', 's3:GetObject*', 's3:List*', 's3:Abort*', 's3:DeleteObject*'];

const OTHERS: { id: string; applies: (resource: CfnResource) => boolean; reason: string }[] = [
  {
    id: 'AwsSolutions-SQS3',
    applies: (resource) => resource instanceof CfnQueue,
    reason: 'It is itself the dead-letter queue of the schedules.',
  },
  {
    id: 'AwsSolutions-GL1',
    applies: (resource) => resource instanceof CfnJob,
    reason: 'CloudWatch Logs encrypts with its own key; the scripts log counts, never rows.',
  },
  {
    id: 'AwsSolutions-GL3',
    applies: (resource) => resource instanceof CfnJob,
    reason: 'The jobs use no bookmarks.',
  },
  {
    id: 'AwsSolutions-APIG4',
    applies: (resource) => resource instanceof CfnRoute && (resource.authorizationType ?? 'NONE') === 'NONE',
    reason:
      'Whether the API answers and what its contract is may be known to anybody. Routes of a page, where the environment has one, answer about what the visitor says, with a throttle of their own.',
  },
  ...['AwsSolutions-COG2', 'AwsSolutions-COG8'].map((id) => ({
    id,
    applies: (resource: CfnResource) => resource instanceof CfnUserPool,
    reason: 'The pool has clients and no people: nobody signs up or in, so there is nothing to protect at a sign-in.',
  })),
  {
    id: 'AwsSolutions-SMG4',
    applies: (resource) => resource instanceof CfnSecret,
    reason: 'Cognito makes the secret of a client and cannot change it: a new client takes the place of the old one.',
  },
  ...[
    { id: 'CFR1', reason: 'Who may open the page may do so from anywhere.' },
    {
      id: 'CFR2',
      reason: 'Files that are public, and an API with a throttle of its own: a firewall is the reader’s choice.',
    },
    {
      id: 'CFR3',
      reason: 'The log would have the paths, and paths of predictions have keys in them. The API logs its routes.',
    },
  ].map(({ id, reason }) => ({
    id: `AwsSolutions-${id}`,
    applies: (resource: CfnResource) => resource instanceof CfnDistribution,
    reason,
  })),
  {
    id: 'AwsSolutions-CFR4',
    applies: (resource) => resource instanceof CfnDistribution && !hasCertificate(resource),
    reason:
      'Without a name of its own (serving.page.domain) the page has a certificate of CloudFront’s, and its TLS policy.',
  },
  {
    id: 'AwsSolutions-S1',
    applies: (resource) => resource instanceof CfnBucket && /\/serving\/Site\/Files\//.test(resource.node.path),
    reason: 'Only CloudFront reads the bucket, whose files anybody may see.',
  },
  {
    id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    applies: (resource) => resource instanceof CfnRole && COPIES_THE_PAGE.test(resource.node.path),
    reason: 'It lets the function write its log; CDK gives the role.',
  },
  ...COPYING.map((action) => ({
    id: `AwsSolutions-IAM5[Action::${action}]`,
    applies: (resource: CfnResource) => resource instanceof CfnPolicy && COPIES_THE_PAGE.test(resource.node.path),
    reason: 'As CDK grants reading and writing of a bucket: its own two and no other.',
  })),
  {
    id: 'AwsSolutions-L1',
    applies: (resource) => resource instanceof CfnFunction && COPIES_THE_PAGE.test(resource.node.path),
    reason: 'CDK chooses the runtime that the AWS command line in its layer was made for.',
  },
];

const hasCertificate = (distribution: CfnDistribution): boolean =>
  Stack.of(distribution).resolve(distribution.distributionConfig).viewerCertificate !== undefined;

/** Acknowledges every finding below `root` that a line above names. Call it when the tree is complete. */
export function acknowledgeFindings(root: IConstruct): void {
  for (const node of root.node.findAll()) {
    if (node instanceof CfnPolicy) acknowledgeWildcards(node);
    for (const { id, applies, reason } of OTHERS)
      if (applies(node as CfnResource)) Validations.of(node).acknowledge({ id: `AwsSolutions::${id}`, reason });
  }
}

function acknowledgeWildcards(policy: CfnPolicy): void {
  for (const resource of wildcardsOf(policy)) {
    const reason = reasonFor(policy, resource);
    if (reason) {
      const id = `AwsSolutions::AwsSolutions-IAM5[Resource::${resource}]`;
      Validations.of(policy).acknowledge({ id, reason });
    }
  }
}

/** Resources with a wildcard in them, written as cdk-nag writes them. */
export function wildcardsOf(policy: CfnPolicy): string[] {
  const document = Stack.of(policy).resolve(policy.policyDocument) as { Statement: { Resource: unknown }[] };
  return document.Statement.flatMap(({ Resource }) => (Array.isArray(Resource) ? Resource : [Resource]))
    .map(flattenCfnReference)
    .filter((resource) => resource.includes('*'));
}

/** The reason for which a wildcard stays, if there is one. */
export const reasonFor = (policy: IConstruct, resource: string): string | undefined =>
  resource === '*'
    ? STARS.find((line) => line.policy.test(policy.node.path))?.reason
    : WILDCARDS.find((line) => line.resource.test(resource))?.reason;
