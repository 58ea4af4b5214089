import { beforeAll, describe, expect, it } from 'vitest';
import { RETRYABLE_ERRORS } from '#lambdas/shared/retryable.ts';
import { grammarErrors } from '#test/stacks/grammar.ts';
import {
  allResources,
  allStates,
  definitionOf,
  type Json,
  SYNTH_MS,
  synthTemplates,
  type Template,
} from '#test/stacks/synth.ts';

let definitions: Record<string, Json>;
let templates: Record<string, Template>;
beforeAll(async () => {
  templates = await synthTemplates();
  const machines = allResources(templates, 'AWS::StepFunctions::StateMachine');
  definitions = Object.fromEntries(machines.map((m) => [m.Properties.StateMachineName, definitionOf(m)]));
}, SYNTH_MS);

const tasks = (definition: Json) => allStates(definition).filter(([, state]) => state.Type === 'Task');
const topTasks = (definition: Json) =>
  Object.entries<Json>(definition.States).filter(([, state]) => state.Type === 'Task');

describe('every state machine', () => {
  it('is sound by the grammar of the Amazon States Language', () => {
    expect(Object.keys(definitions)).toContain('presage-prod-buyer-stage-etl');
    // Environments differ in names and numbers, which the grammar does not mind: each shape is looked at once.
    const shapes = new Map<string, [string, Json]>();
    for (const [name, definition] of Object.entries(definitions))
      shapes.set(JSON.stringify(definition).replace(/presage-[a-z]+-|\d+/g, ''), [name, definition]);
    for (const [name, definition] of shapes.values()) expect([name, grammarErrors(definition)]).toEqual([name, '']);
  });

  it('would be told of what the grammar forbids, one after the other', () => {
    const wait = { StartAt: 'A', States: { A: { Type: 'Wait', Seconds: 1, End: true } } };
    expect(grammarErrors(wait)).toBe('');
    expect(grammarErrors({ ...wait, StartAt: 'B' })).toContain("Missing 'StartAt'|'Next'|'Default' target: B");
    expect(grammarErrors({ ...wait, States: { A: { Type: 'Wat', End: true } } })).toContain('/States/A/Type');
    expect(grammarErrors({ ...wait, States: { A: { Type: 'Pass', OutputPath: '$[', End: true } } })).toContain(
      'must match format "asl_path"',
    );
  });

  it('is written in JSONPath alone', () => {
    for (const definition of Object.values(definitions)) {
      expect(definition.QueryLanguage ?? 'JSONPath').toBe('JSONPath');
      for (const [name, state] of allStates(definition))
        expect([name, state.QueryLanguage ?? 'JSONPath']).toEqual([name, 'JSONPath']);
    }
  });

  it('gives each task a timeout, and retries throttling and service faults only', () => {
    for (const definition of Object.values(definitions))
      for (const [name, state] of tasks(definition)) {
        expect(state.TimeoutSeconds, name).toBeGreaterThan(0);
        expect(state.Retry.flatMap((r: Json) => r.ErrorEquals).sort(), name).toEqual([...RETRYABLE_ERRORS].sort());
        for (const wide of ['States.ALL', 'States.TaskFailed', 'States.Timeout'])
          expect(RETRYABLE_ERRORS as readonly string[]).not.toContain(wide);
      }
  });

  it('ends red after any failure: the step is named, the jobs are stopped, people are told', () => {
    for (const definition of Object.values(definitions)) {
      const follow = (from: string): string[] => {
        const next = definition.States[from].Next;
        return next ? [from, ...follow(next)] : [from];
      };
      for (const [name, state] of topTasks(definition)) {
        if (['stop-jobs', 'notify'].includes(name)) continue;
        expect(state.Catch, name).toHaveLength(1);
        expect(state.Catch[0]).toMatchObject({ ErrorEquals: ['States.ALL'], ResultPath: '$.failure' });
        expect(follow(state.Catch[0].Next)).toEqual([`${name} failed`, 'stop-jobs', 'notify', 'Failed']);
        expect(definition.States[`${name} failed`]).toMatchObject({ Result: name, ResultPath: '$.failure.step' });
      }
      expect(definition.States.Failed).toMatchObject({ Type: 'Fail', ErrorPath: '$.failure.Error' });
    }
  });

  it('keeps the first failure when stopping jobs or telling people fails too', () => {
    for (const definition of Object.values(definitions)) {
      const { 'stop-jobs': stop, notify } = definition.States;
      expect([stop.Catch[0].Next, stop.Catch[0].ResultPath]).toEqual(['notify', '$.stopFailure']);
      expect([notify.Catch[0].Next, notify.Catch[0].ResultPath]).toEqual(['Failed', '$.notifyFailure']);
      expect([stop.ResultPath, notify.ResultPath]).toEqual([null, null]);
    }
  });

  it('waits as long as the check step says, in every loop', () => {
    for (const definition of Object.values(definitions)) {
      const waits = allStates(definition).filter(([, state]) => state.Type === 'Wait');
      expect(waits.length).toBeGreaterThan(2);
      for (const [name, state] of waits) expect([name, state.SecondsPath]).toEqual([name, '$.job.wait']);
    }
  });

  it('ends by itself some day', () => {
    for (const definition of Object.values(definitions)) expect(definition.TimeoutSeconds).toBeGreaterThan(3600);
  });

  it('is logged with its data and traced', () => {
    for (const machine of allResources(templates, 'AWS::StepFunctions::StateMachine')) {
      expect(machine.Properties.LoggingConfiguration).toMatchObject({ Level: 'ALL', IncludeExecutionData: true });
      expect(machine.Properties.TracingConfiguration).toEqual({ Enabled: true });
    }
  });
});

describe('the ETL machine of a pipeline on EMR', () => {
  const states = () => definitions['presage-dev-buyer-stage-etl'].States;

  it('checks what came in before it computes, and what came out before it publishes', () => {
    const order = path(states(), definitions['presage-dev-buyer-stage-etl'].StartAt);
    const steps = [
      'resolve-run',
      'check-sources',
      'start-features',
      'stage-tables',
      'check-quality',
      'publish',
      'start-ml',
      'finish',
    ];
    expect(order.filter((name) => steps.includes(name))).toEqual(steps);
  });

  it('starts a new cluster when an attempt can be repeated', () => {
    const again = states()['features-done?'].Choices.find((c: Json) => c.StringEquals === 'RETRY');
    expect(again.Next).toBe('start-features');
  });

  it('gives a cluster its 60 minutes', () => {
    expect(states()['check-features'].Parameters.args.atMostSeconds).toBe(3600);
  });
});

describe('the ML machine', () => {
  const definition = () => definitions['presage-dev-buyer-stage-ml'];

  it('judges the model on the holdout before it scores anybody', () => {
    const { States } = definition();
    expect(States['train?'].Choices[0]).toMatchObject({ StringEquals: 'train', Next: 'start-automl' });
    expect(States['train?'].Default).toBe('holdout?');
    expect(States['holdout?'].Choices[0].Next).toBe('start-transform-holdout');
    expect(States['rescore?'].Choices[0].Next).toBe('holdout?');
    expect(States['rescore?'].Default).toBe('predict?');
    expect(States['predict?'].Default).toBe('start-transform-inference');
  });

  it('ends after the judgement when the run is to train only', () => {
    const [only] = definitions['presage-prod-buyer-stage-ml'].States['predict?'].Choices;
    expect(JSON.stringify(only.And)).toContain('"Variable":"$.start.predict","BooleanEquals":false');
    expect(only.Next).toBe('finish');
  });

  it('trains a script by a training job, whose code is deployed with it', () => {
    const { States } = definitions['presage-dev-conversion-rate-ml'];
    expect(States['train?'].Choices[0].Next).toBe('start-training');
    expect(path(States, 'start-training')).toContain('create-model');
    expect(path(States, 'start-training')).not.toContain('start-automl');
    const start = allResources(templates, 'AWS::Lambda::Function').find(
      (f) => f.Properties.FunctionName === 'presage-dev-conversion-rate-ml-start-training-job',
    );
    expect(JSON.stringify(start?.Properties.Environment)).toMatch(/modelCode.*\.gz/);
  });

  it('keeps a record of a new model once, whether the model is used or not', () => {
    const { States } = definitions['presage-dev-propensity-ml'];
    expect(States.evaluate.Next).toBe('record?');
    expect(States['record?'].Choices[0].Next).toBe('start-training-record-query');
    expect(States['record?'].Default).toBe('rescore?');
    expect(States['training-record-query-ended'].Next).toBe('rescore?');
  });

  it('gives the endpoint the model last, where there is one: after the push, after the outputs, and after training alone', () => {
    const { States } = definitions['presage-dev-reorder-ml'];
    const order = path(States, 'start-transform-inference');
    expect(order.indexOf('start-endpoint')).toBeGreaterThan(order.indexOf('check-push'));
    expect(order.slice(-2)).toEqual(['endpoint-ended', 'finish']);
    expect(States['predict?'].Choices[0].Next).toBe('start-endpoint');
    expect(States['endpoint-done?'].Choices[1]).toMatchObject({ StringEquals: 'RETRY', Next: 'start-endpoint' });
    const rates = path(definitions['presage-dev-conversion-rate-ml'].States, 'start-transform-inference');
    expect(rates.indexOf('start-endpoint')).toBeGreaterThan(rates.indexOf('write-output-conversion_rate'));
    expect(Object.keys(definitions['presage-prod-buyer-stage-ml'].States)).not.toContain('start-endpoint');
  });

  it('checks the predictions before it pushes them', () => {
    const order = path(definition().States, 'start-transform-inference');
    expect(order.indexOf('check-predictions')).toBeLessThan(order.indexOf('start-push-job'));
    expect(order.at(-1)).toBe('finish');
  });
});

/** The states of a green run from one on: a Choice's way out is its default. */
function path(states: Record<string, Json>, from: string): string[] {
  const result: string[] = [];
  let name: string | undefined = from;
  while (name && !result.includes(name)) {
    result.push(name);
    name = states[name]?.Next ?? states[name]?.Default;
  }
  return result;
}
