import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { afterAll, describe, expect, it } from 'vitest';
import { EtlMachine } from '#lib/constructs/etl-machine.ts';
import { outputsOf } from '#lib/constructs/run-end.ts';
import { environments } from '#lib/environments.ts';
import { type CompiledPipeline, definePipeline, type Engine, type PipelineInput } from '#lib/pipelines/pipeline.ts';
import { grammarErrors } from '#test/stacks/grammar.ts';
import { definitionOf, type Json } from '#test/stacks/synth.ts';

/** The shape of the ETL machine for small definitions, by what a run would go through. */

const outdir = mkdtempSync(join(tmpdir(), 'presage-machine-'));
afterAll(() => rmSync(outdir, { recursive: true }));

type Table = PipelineInput['tables'][string];
const table = (engine?: Engine, more: Partial<Table> = {}): Table => ({
  zone: 'curated',
  key: ['id'],
  columns: { id: 'varchar', n: 'bigint' },
  ...(engine ? { engine } : {}),
  ...more,
});
const model: PipelineInput['model'] = {
  kind: 'automl',
  problem: 'regression',
  objective: 'MSE',
  label: 'y',
  features: ['n'],
  trainingKey: ['id'],
  entity: ['id'],
  trainEveryDays: 30,
};
const predictions: NonNullable<PipelineInput['predictions']> = {
  key: ['id'],
  columns: { id: 'varchar', n: 'bigint' },
};

/** `reads` says which tables, and `predictions`, each query reads. */
function pipelineOf(more: Partial<PipelineInput>, reads: Record<string, string[]> = {}): CompiledPipeline {
  const pipeline = definePipeline({
    name: 'small',
    asks: 'What is next for each one?',
    engine: 'athena',
    schedule: { at: '10:00', dueBy: '12:00' },
    sources: { visits: { format: 'csv', key: ['id'], columns: { id: 'varchar' } } },
    tables: { a: table() },
    quality: [],
    ...more,
  });
  const names = [...Object.keys(pipeline.tables), ...Object.keys(pipeline.outputs)];
  const queryOf = (name: string) => {
    const read = reads[name] ?? [];
    const tables = read.filter((one) => one !== 'predictions');
    return { athena: '', spark: '', sources: [], tables, predictions: read.includes('predictions') };
  };
  return { ...pipeline, queries: Object.fromEntries(names.map((name) => [name, queryOf(name)])) };
}

function machineOf(pipeline: CompiledPipeline, engine?: Engine): Json {
  const stack = new Stack(new App({ outdir, analyticsReporting: false }), 'Stack');
  const functionOf = (step: string) => ({
    fn: LambdaFunction.fromFunctionArn(stack, step, `arn:aws:lambda:eu-west-1:111111111111:function:${step}`),
    timeout: Duration.minutes(1),
  });
  const made = new Map<string, ReturnType<typeof functionOf>>();
  const { machine } = new EtlMachine(stack, 'Machine', {
    machineName: 'small-etl',
    retentionDays: 90,
    functionOf: (step) => made.get(step) ?? made.set(step, functionOf(step)).get(step) ?? functionOf(step),
    pipeline,
    ...(engine ? { engine } : {}),
    capacity: environments.dev.pipelines['buyer-stage'].capacity,
  });
  const { definitionString } = machine.node.defaultChild as CfnStateMachine;
  const definition = definitionOf({ Type: '', Properties: { DefinitionString: stack.resolve(definitionString) } });
  const errors = grammarErrors(definition);
  if (errors) throw new Error(errors);
  return definition;
}

/** What a green run goes through: tasks, and the jobs of a Parallel in brackets. */
function pathOf({ StartAt, States }: Json): string[] {
  const path: string[] = [];
  for (let name = StartAt; name && !path.includes(name); name = States[name].Next ?? States[name].Default) {
    if (States[name].Type === 'Parallel') path.push(`[${States[name].Branches.map((b: Json) => b.StartAt).join(' ')}]`);
    else if (States[name].Type === 'Task' && !name.startsWith('check-')) path.push(name);
  }
  return path;
}

const between = (path: string[], from: string, to: string) => path.slice(path.indexOf(from) + 1, path.indexOf(to));
const features = (definition: Json) => between(pathOf(definition), 'start-profile-query', 'start-quality-query');

describe('the feature queries of a pipeline with several engines', () => {
  const mixed = pipelineOf(
    { tables: { join: table('glue'), a: table(), b: table('glue'), c: table(), last: table('emr') } },
    { join: ['a', 'b', 'c'], last: ['join'] },
  );

  it('go level by level, everything of a level at once', () => {
    expect(features(machineOf(mixed))).toEqual([
      '[start-table-a-query start-table-c-query start-features-1-glue]',
      'stage-tables-1',
      'start-features-2-glue',
      'stage-tables-2',
      'start-features-3-emr',
      'stage-tables-3',
    ]);
  });

  it('give each Spark job the tables of its level, and say which job has made which table', () => {
    const { States } = machineOf(mixed);
    expect(States['start-features-2-glue'].Parameters.args).toEqual({
      job: 'queries',
      step: 'features-2-glue',
      tables: ['join'],
    });
    expect(States['stage-tables-1'].Parameters.args.tables).toEqual({
      a: 'table-a',
      b: 'features-1-glue',
      c: 'table-c',
    });
  });

  it('run on the one engine that the environment names', () => {
    expect(features(machineOf(mixed, 'glue'))).toEqual(['start-features', 'stage-tables']);
    const all = features(machineOf(mixed, 'athena'));
    expect(all.join(' ')).not.toMatch(/glue|emr/);
    expect(all.filter((name) => name.startsWith('stage'))).toHaveLength(3);
  });

  it('are one job when all of them run on one Spark', () => {
    const emr = pipelineOf({ engine: 'emr', tables: { a: table(), b: table() } }, { b: ['a'] });
    expect(features(machineOf(emr))).toEqual(['start-features', 'stage-tables']);
  });

  it('are refused when they read each other in a circle', () => {
    const circle = pipelineOf({ tables: { a: table(), b: table() } }, { a: ['b'], b: ['a'] });
    expect(() => machineOf(circle)).toThrow('small: these tables read each other in a circle: a, b');
  });
});

describe('the sources', () => {
  it('are profiled and counted side by side when the pipeline counts', () => {
    const counting = pipelineOf({ counts: { odd: { says: 'odd rows of visits' } } });
    expect(pathOf(machineOf(counting))).toContain('[start-profile-query start-counts-query]');
  });
});

describe('after publishing', () => {
  const afterPublish = (pipeline: CompiledPipeline) => {
    const path = pathOf(machineOf(pipeline));
    return path.slice(path.indexOf('publish') + 1);
  };

  it('a pipeline with a model starts its ML', () => {
    expect(afterPublish(pipelineOf({ model, predictions }))).toEqual(['start-ml', 'finish']);
  });

  it('one without a model serves its table and ends', () => {
    expect(afterPublish(pipelineOf({ predictions: { ...predictions, table: 'a' } }))).toEqual([
      'start-push-job',
      'finish',
    ]);
  });

  it('one that serves nothing ends', () => {
    expect(afterPublish(pipelineOf({}))).toEqual(['finish']);
  });

  it('tables that want it are announced, then files are made, each from its own query', () => {
    const outputs = { x: { file: 'x.json' }, y: { file: 'y.csv.gz' } };
    expect(afterPublish(pipelineOf({ tables: { a: table(undefined, { announce: true }) }, outputs }))).toEqual([
      'announce-tables',
      'start-output-x-query',
      'write-output-x',
      'start-output-y-query',
      'write-output-y',
      'finish',
    ]);
  });

  it('a run is announced once: by the ETL only where no ML follows', () => {
    expect(afterPublish(pipelineOf({ announce: true }))).toEqual(['announce-run', 'finish']);
    expect(afterPublish(pipelineOf({ announce: true, model, predictions }))).toEqual(['start-ml', 'finish']);
  });

  it('files of predictions are made where these are', () => {
    const outputs = { x: { file: 'x.json' }, y: { file: 'y.csv.gz' } };
    const both = pipelineOf({ model, predictions, outputs }, { y: ['predictions'] });
    expect([outputsOf(both, 'etl'), outputsOf(both, 'ml')]).toEqual([['x'], ['y']]);
  });
});
