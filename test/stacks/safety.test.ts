import { beforeAll, describe, expect, it } from 'vitest';
import { type Environment, environments } from '#lib/environments.ts';
import { allResources, flatten, type Json, SYNTH_MS, synthTemplates, type Template } from '#test/stacks/synth.ts';

/** The files of the page: built from sources, so no data, in a bucket that is emptied and removed with its stack. */
const isPage = ({ id }: { id: string }) => id.startsWith('SiteFiles');
/**
 * CDK's own function that copies these files while a stack is deployed, with its role: Python, and with more than it
 * needs in that one bucket. nag.test.ts has each of its findings by name.
 */
const isUploader = ({ id }: { id: string }) => id.startsWith('CustomCDKBucketDeployment');

const DATA = ['AWS::S3::Bucket', 'AWS::DynamoDB::Table', 'AWS::Glue::Database'];

let templates: Record<string, Template>;
beforeAll(async () => {
  templates = await synthTemplates();
}, SYNTH_MS);

const statements = (policies: { Properties: Json }[]): Json[] =>
  policies.flatMap((policy) => policy.Properties.PolicyDocument.Statement);
const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

describe('data', () => {
  it('stays when a stack is removed, in every environment', () => {
    const kept = DATA.flatMap((type) => allResources(templates, type)).filter((resource) => !isPage(resource));
    expect(kept.length).toBeGreaterThan(20);
    for (const resource of kept) expect([resource.id, resource.DeletionPolicy]).toEqual([resource.id, 'Retain']);
  });

  it('goes only when the environment and the command both say so', { timeout: SYNTH_MS }, async () => {
    const policies = async (name: 'dev' | 'prod', destroyData: string) => {
      const context = { environment: name, pipeline: 'buyer-stage', destroyData };
      const made = await synthTemplates({ context });
      const emptied = allResources(made, 'Custom::S3AutoDeleteObjects').length;
      const kept = DATA.flatMap((type) => allResources(made, type)).map((resource) => resource.DeletionPolicy);
      return { emptied, policies: [...new Set(kept)] };
    };
    expect(await policies('dev', 'dev')).toEqual({ emptied: 4, policies: ['Delete'] });
    expect(await policies('dev', 'prod')).toEqual({ emptied: 0, policies: ['Retain'] });
    expect(await policies('prod', 'prod')).toEqual({ emptied: 0, policies: ['Retain'] });
  });

  it('is in private, encrypted buckets that refuse plain http', () => {
    const denied = statements(allResources(templates, 'AWS::S3::BucketPolicy'))
      .filter((s) => s.Effect === 'Deny' && s.Condition?.Bool?.['aws:SecureTransport'] === 'false')
      .map((s) => JSON.stringify(s.Resource));
    for (const bucket of allResources(templates, 'AWS::S3::Bucket')) {
      expect(bucket.Properties.BucketEncryption, bucket.id).toBeDefined();
      expect(Object.values(bucket.Properties.PublicAccessBlockConfiguration), bucket.id).toEqual([
        true,
        true,
        true,
        true,
      ]);
      expect(
        denied.some((resource) => resource.includes(bucket.id)),
        bucket.id,
      ).toBe(true);
    }
  });

  it('that costs and that runs make ends with its stack: an endpoint is deleted, on AWS', () => {
    const ends = allResources(templates, 'Custom::PresageEndpointEnd');
    expect(ends.map(({ stack, Properties }) => [stack, Properties.EndpointName]).sort()).toEqual([
      ...['buyer-stage', 'conversion-rate', 'propensity', 'reorder'].map((name) => [
        `presage-dev-${name}-ml`,
        `presage-dev-${name}`,
      ]),
      ['presage-prod-reorder-ml', 'presage-prod-reorder'],
      ['presage-qa-reorder-ml', 'presage-qa-reorder'],
    ]);
    for (const { Properties } of ends) {
      expect(Properties.ServiceToken['Fn::GetAtt'][0]).toMatch(/^Stepsremoveendpoint/);
      expect(Number(Properties.ServiceTimeout)).toBeGreaterThan(900);
    }
  });

  it('in DynamoDB is encrypted, expires by its ttl and can be had back', () => {
    for (const table of allResources(templates, 'AWS::DynamoDB::Table')) {
      expect(table.Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
    }
  });

  it('does not expire where a manifest can name it', () => {
    for (const bucket of allResources(templates, 'AWS::S3::Bucket')) {
      if (isPage(bucket) || JSON.stringify(bucket.Properties.BucketName).includes('-logs-')) continue;
      const expiring = bucket.Properties.LifecycleConfiguration.Rules.filter((rule: Json) => rule.ExpirationInDays);
      for (const rule of expiring) expect(rule.Prefix).toBe('athena/');
    }
  });
});

describe('roles', () => {
  it('are one per function', () => {
    const functions = allResources(templates, 'AWS::Lambda::Function');
    const roles = functions.map((fn) => `${fn.stack}/${JSON.stringify(fn.Properties.Role)}`);
    expect(new Set(roles).size).toBe(functions.length);
  });

  it('carry no AWS managed policy', () => {
    for (const role of allResources(templates, 'AWS::IAM::Role').filter((one) => !isUploader(one)))
      expect([role.id, role.Properties.ManagedPolicyArns]).toEqual([role.id, undefined]);
  });

  it('allow no action by wildcard', () => {
    const ours = allResources(templates, 'AWS::IAM::Policy').filter((policy) => !isUploader(policy));
    const all = statements(ours).filter((s) => s.Effect === 'Allow');
    expect(all.flatMap((s) => list(s.Action)).filter((action) => action.includes('*'))).toEqual([]);
  });

  it('of one pipeline cannot touch the data of another environment', () => {
    for (const template of Object.values(templates)) {
      const environment = template.stack.split('-')[1];
      const others = Object.keys(environments).filter((name) => name !== environment);
      const text = JSON.stringify(template);
      for (const other of others) {
        expect(text.includes(`presage-${other}-`), `${template.stack} names ${other}`).toBe(false);
        expect(text.includes(`presage_${other}`), `${template.stack} names ${other}`).toBe(false);
      }
    }
  });

  it('are passed only to the service they are for', () => {
    const passes = statements(allResources(templates, 'AWS::IAM::Policy')).filter((s) =>
      list(s.Action).includes('iam:PassRole'),
    );
    expect(passes.length).toBeGreaterThan(0);
    for (const pass of passes) {
      expect(pass.Condition?.StringEquals?.['iam:PassedToService']).toBeDefined();
      expect(list(pass.Resource)).not.toContain('*');
    }
  });
});

describe('functions', () => {
  it('run on Node 24 on arm64, are traced, and log to groups that expire', () => {
    const groups = allResources(templates, 'AWS::Logs::LogGroup');
    for (const group of groups)
      expect([group.id, typeof group.Properties.RetentionInDays]).toEqual([group.id, 'number']);
    for (const fn of allResources(templates, 'AWS::Lambda::Function').filter((one) => !isUploader(one))) {
      expect(fn.Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
      });
      expect(fn.Properties.LoggingConfig.LogGroup, fn.id).toBeDefined();
    }
  });

  it('have no secret in their environment', () => {
    for (const fn of allResources(templates, 'AWS::Lambda::Function'))
      expect(JSON.stringify(fn.Properties.Environment)).not.toMatch(/hooks\.slack|password|xox[bp]-/i);
  });

  it('keep their settings below the 4 KB that Lambda allows', () => {
    for (const fn of allResources(templates, 'AWS::Lambda::Function')) {
      // A reference is at most an ARN long when it is resolved.
      const text = (value: Json): string => (typeof value === 'string' ? value : flatten(value));
      const size = Object.entries(fn.Properties.Environment.Variables as Record<string, Json>)
        .map(([name, value]) => name.length + text(value).length)
        .reduce((a, b) => a + b);
      expect(size, fn.id).toBeLessThan(4096);
    }
  });
});

describe('an environment without an account', () => {
  it('is refused by CloudFormation before anything is made, with what to do', () => {
    for (const template of Object.values(templates)) {
      const rules = Object.values<Json>(template.Rules ?? {}).filter((rule) => rule.Assertions);
      const said = JSON.stringify(rules);
      if (template.stack.startsWith('presage-local-')) expect(said).not.toContain('has no account');
      else expect(said, template.stack).toContain('has no account: set it in lib/environments.ts');
    }
  });
});

describe('two environments in one account', () => {
  it('do not share a single physical name', { timeout: SYNTH_MS }, async () => {
    const environment = (name: string): Environment => ({ ...environments.dev, name, account: '111111111111' });
    const made = await synthTemplates({ environments: { blue: environment('blue'), green: environment('green') } });
    const names = (prefix: string) =>
      Object.values(made)
        .filter((template) => template.stack.startsWith(prefix))
        .flatMap((template) => Object.values(template.Resources))
        .flatMap((resource) => physicalNames(resource.Properties ?? {}))
        .map((name) => JSON.stringify(name));
    const blue = names('presage-blue-');
    expect(blue.length).toBeGreaterThan(50);
    const shared = blue.filter((name) => names('presage-green-').includes(name));
    expect(shared).toEqual([]);
  });
});

const NAME_PROPERTIES = [
  'BucketName',
  'FunctionName',
  'LogGroupName',
  'QueueName',
  'StateMachineName',
  'TableName',
  'TopicName',
];

function physicalNames(properties: Json): Json[] {
  const named = NAME_PROPERTIES.map((name) => properties[name]);
  const glue = properties.TableInput ? `${properties.DatabaseName}.${properties.TableInput.Name}` : undefined;
  const plain = properties.DatabaseInput?.Name ?? (properties.TargetArn ? undefined : properties.Name);
  // A reference to another resource of the stack is no name of its own.
  return [...named, glue, plain].filter((name) => name !== undefined && !name.Ref && !name['Fn::GetAtt']);
}
