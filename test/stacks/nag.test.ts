import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { CfnPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acknowledgeFindings, reasonFor, STARS, WILDCARDS, wildcardsOf } from '#lib/acknowledgements.ts';
import { synthesize } from '#lib/app.ts';
import { emptyHandlers } from '#test/stacks/synth.ts';

let folder: string;
let app: App;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'presage-nag-'));
  app = await synthesize({
    dist: join(folder, 'dist'),
    app: { outdir: join(folder, 'all'), context: { 'aws:cdk:disable-asset-staging': true, environment: 'dev' } },
    bundle: emptyHandlers,
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('cdk-nag', () => {
  it('finds nothing in dev that is not acknowledged; `npm run synth` asks it about every environment', () => {
    app.synth();
  });

  it('refuses a stack that is bad on purpose', () => {
    const bad = new App({ outdir: join(folder, 'bad'), analyticsReporting: false });
    const stack = new Stack(bad, 'Bad');
    new Bucket(stack, 'Open', { versioned: false });
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(new PolicyStatement({ actions: ['dynamodb:*'], resources: ['*'] }));
    acknowledgeFindings(bad);
    Validations.of(bad).addPlugins(new AwsSolutionsChecks(bad));
    expect(() => bad.synth()).toThrow(/AwsSolutions-S10[\s\S]*AwsSolutions-IAM5\[Action::dynamodb:\*\]/);
  });
});

describe('the acknowledgements', () => {
  it('each have a reason, and each still names a finding', () => {
    const used = new Set<string>();
    for (const node of app.node.findAll())
      if (node instanceof CfnPolicy)
        for (const resource of wildcardsOf(node)) {
          const reason = reasonFor(node, resource);
          expect(reason, `${node.node.path}: ${resource}`).toBeDefined();
          if (reason) used.add(reason);
        }
    const stale = [...WILDCARDS, ...STARS].filter(({ reason }) => !used.has(reason));
    expect(stale).toEqual([]);
  });
});
