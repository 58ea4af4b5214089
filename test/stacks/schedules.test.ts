import { beforeAll, expect, it } from 'vitest';
import { allResources, type Json, SYNTH_MS, synthTemplates, type Template } from '#test/stacks/synth.ts';

let templates: Record<string, Template>;
beforeAll(async () => {
  templates = await synthTemplates();
}, SYNTH_MS);

const schedule = (name: string): Json =>
  allResources(templates, 'AWS::Scheduler::Schedule').find((s) => s.Properties.Name === name)?.Properties;

it('a scheduled run starts the ETL at its hour in UTC and says which day it is about', () => {
  const run = schedule('presage-prod-buyer-stage-run');
  expect(run).toMatchObject({
    ScheduleExpression: 'cron(0 10 * * ? *)',
    ScheduleExpressionTimezone: 'Etc/UTC',
    State: 'ENABLED',
    FlexibleTimeWindow: { Mode: 'OFF' },
  });
  expect(JSON.parse(run.Target.Input)).toEqual({ scheduledTime: '<aws.scheduler.scheduled-time>', then: 'ml' });
});

it('the watchdog asks later the same day', () => {
  expect(schedule('presage-prod-buyer-stage-watchdog').ScheduleExpression).toBe('cron(0 18 * * ? *)');
});

it('a pipeline that trains monthly does so hours before the ordinary run, and only trains then', () => {
  const training = schedule('presage-prod-propensity-training');
  expect(training.ScheduleExpression).toMatch(/^cron\(0 \d+ 1 \* \? \*\)$/);
  expect(JSON.parse(training.Target.Input)).toEqual({
    scheduledTime: '<aws.scheduler.scheduled-time>',
    then: 'ml',
    train: 'always',
    predict: false,
  });
  const hourOf = (expression: string) => Number(expression.split(' ')[1]);
  const ordinary = schedule('presage-prod-propensity-run').ScheduleExpression;
  expect(ordinary).toBe('cron(0 9 ? * MON *)');
  expect(hourOf(ordinary) - hourOf(training.ScheduleExpression)).toBeGreaterThanOrEqual(3);
});

it('the watchdog asks about a training on its own day', () => {
  const watchdog = schedule('presage-prod-propensity-training-watchdog');
  expect(watchdog.ScheduleExpression).toMatch(/ 1 \* \? \*\)$/);
  expect(JSON.parse(watchdog.Target.Input)).toMatchObject({ training: true });
  expect(schedule('presage-prod-buyer-stage-training')).toBeUndefined();
});

it('schedules exist but sleep where the environment does not want them', () => {
  expect(schedule('presage-dev-buyer-stage-run').State).toBe('DISABLED');
  expect(schedule('presage-qa-buyer-stage-run').State).toBe('ENABLED');
});

it('an event that cannot be delivered within the hour is kept in a queue', () => {
  for (const { Properties } of allResources(templates, 'AWS::Scheduler::Schedule')) {
    expect(Properties.Target.DeadLetterConfig.Arn).toBeDefined();
    expect(Properties.Target.RetryPolicy.MaximumEventAgeInSeconds).toBeLessThanOrEqual(3600);
  }
});

it('executions that were killed are heard of, for every machine of a pipeline', () => {
  const rules = allResources(templates, 'AWS::Events::Rule');
  const machines = allResources(templates, 'AWS::StepFunctions::StateMachine').map((machine) => machine.stack);
  expect(rules.map((rule) => rule.stack).sort()).toEqual(machines.sort());
  expect(machines).toEqual(expect.arrayContaining(['presage-dev-buyer-stage-etl', 'presage-dev-buyer-stage-ml']));
  for (const rule of rules)
    expect(rule.Properties.EventPattern.detail.status).toEqual(['FAILED', 'TIMED_OUT', 'ABORTED']);
});

it('failures and good news are mails to addresses of their own', () => {
  const lake = { lake: templates['presage-prod-lake'] as Template };
  const topics = Object.fromEntries(
    allResources(lake, 'AWS::SNS::Topic').map((topic) => [topic.id, topic.Properties.TopicName]),
  );
  const mails = allResources(lake, 'AWS::SNS::Subscription').map(({ Properties }) => [
    topics[Properties.TopicArn.Ref],
    Properties.Protocol,
    Properties.Endpoint,
  ]);
  expect(mails.sort()).toEqual([
    ['presage-prod-alerts', 'email', 'data-team@example.com'],
    ['presage-prod-announcements', 'email', 'data-scientists@example.com'],
  ]);
});

it('an EMR cluster finds a network without a way out, S3 next to it', () => {
  const etl = templates['presage-dev-buyer-stage-etl'];
  const types = Object.values(etl?.Resources ?? {}).map((resource) => resource.Type);
  expect(types).not.toContain('AWS::EC2::InternetGateway');
  expect(types).not.toContain('AWS::EC2::NatGateway');
  const endpoint = allResources({ etl: etl as Template }, 'AWS::EC2::VPCEndpoint')[0];
  expect(JSON.stringify(endpoint?.Properties.ServiceName)).toContain('.s3');
  expect(endpoint?.Properties.VpcEndpointType).toBe('Gateway');
});
