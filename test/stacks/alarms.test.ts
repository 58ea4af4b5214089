import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '#cli/setup.mjs';
import { RUNBOOK } from '#lib/constructs/mailed-alarm.ts';
import { environments } from '#lib/environments.ts';
import { allResources, flatten, type Json, SYNTH_MS, synthTemplates, type Template } from '#test/stacks/synth.ts';

let templates: Record<string, Template>;
let alarms: { stack: string; Properties: Json }[];
beforeAll(async () => {
  templates = await synthTemplates();
  alarms = allResources(templates, 'AWS::CloudWatch::Alarm');
}, SYNTH_MS);

describe('an alarm', () => {
  it('is there for every schedule and every API', () => {
    const wanted = Object.values(environments).flatMap(({ name, pipelines }) => [
      ...Object.keys(pipelines).map((pipeline) => `presage-${name}-${pipeline}-undelivered`),
      `presage-${name}-api-errors`,
    ]);
    expect(alarms.map(({ Properties }) => Properties.AlarmName).sort()).toEqual(wanted.sort());
  });

  it('mails when it begins and when it is over, and takes silence for health', () => {
    for (const { stack, Properties } of alarms) {
      const [, environment] = stack.split('-');
      const topic = expect.stringMatching(new RegExp(`:presage-${environment}-alerts$`));
      expect([Properties.AlarmActions.map(flatten), Properties.OKActions.map(flatten)]).toEqual([[topic], [topic]]);
      expect(Properties.TreatMissingData).toBe('notBreaching');
    }
  });

  it('names the section of the runbook that says what to do', () => {
    const sections = readFileSync(join(root, RUNBOOK), 'utf8').matchAll(/^## (.+)$/gm);
    const headings = [...sections].map(([, heading]) => heading);
    for (const { Properties } of alarms) {
      const [, section] = Properties.AlarmDescription.split(`${RUNBOOK}#`);
      expect(headings, Properties.AlarmName).toContain(section);
    }
  });

  it('may mail: the topic lets alarms of its own environment publish', () => {
    const lakes = allResources(templates, 'AWS::SNS::TopicPolicy').flatMap(({ stack, Properties }) =>
      (Properties.PolicyDocument.Statement as Json[])
        .filter(({ Principal }) => Principal?.Service === 'cloudwatch.amazonaws.com')
        .map((statement) => ({ stack, statement })),
    );
    expect(lakes.length).toBeGreaterThan(2);
    for (const { stack, statement } of lakes) {
      expect(statement).toMatchObject({ Effect: 'Allow', Action: 'sns:Publish' });
      expect(flatten(statement.Condition.ArnLike['aws:SourceArn'])).toContain(`:alarm:${stack.replace('lake', '*')}`);
    }
  });
});
