import { join, resolve } from 'node:path';
import { isLocalState, openLocal } from '#cli/commands/local-environment.ts';
import type { Context } from '#cli/context.ts';
import { type DataFolder, readDataFolder } from '#cli/data/folder.ts';
import { newestDay } from '#cli/data/newest-day.ts';
import { uploadSources } from '#cli/data/upload.ts';
import { stateFolder } from '#cli/local/state.ts';
import { type Execution, runMachine } from '#cli/run/follow.ts';
import { judgedModel } from '#cli/run/judged-model.ts';
import { mailsIn } from '#cli/run/mail.ts';
import { checkOutFolder, writeRunJson, writeTables } from '#cli/run/out.ts';
import { type ParameterOption, parametersGiven } from '#cli/run/parameters.ts';
import { RunProgress } from '#cli/run/progress.ts';
import { composeRunJson, type RunRecord } from '#cli/run/run-json.ts';
import { type Screen, screenFor } from '#cli/run/screen.ts';
import { summary } from '#cli/run/summary.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { root } from '#cli/setup.mjs';
import { awsTarget, environmentNamed, type Target } from '#cli/target.ts';
import { parameterArguments } from '#lambdas/shared/message.ts';
import type { Machine, StartInput } from '#lambdas/shared/payload.ts';
import type { EtlResult, MlResult } from '#lambdas/shared/results.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { suggestion } from '#lib/pipelines/names-known.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

export interface RunOptions {
  env: string;
  date?: string;
  data?: string;
  out?: string;
  state?: string;
  only?: Machine;
  /** undefined: the age of the present model decides. */
  train?: boolean;
  service?: 'train' | 'serve' | 'both';
  validate?: boolean;
  /** Values of the pipeline's own parameters. */
  parameters?: Record<string, string>;
  /** Every parameter there is an option for. */
  parameterOptions?: ParameterOption[];
}

/** `presage run PIPELINE`: one run for one day, followed to its end. 0 when it is green, 1 when it is red. */
export async function run(context: Context, name: string, options: RunOptions): Promise<number> {
  const pipeline = await pipelineNamed(name);
  checkOptions(pipeline, options);
  const data = options.env === 'local' ? dataOf(pipeline, options) : undefined;
  if (options.out) checkOutFolder(options.out);

  const screen = screenFor();
  context.defer(() => screen.close());
  for (const notice of options.data ? (data?.notices ?? []) : []) screen.note(notice);
  const target = data
    ? await openLocalWith(context, screen, pipeline, options, data)
    : await awsTarget(environmentNamed(options.env));
  const runDate = options.date ?? (await newestDay(context, target, pipeline));
  return runAndTell(context, screen, target, pipeline, { ...options, date: runDate });
}

async function pipelineNamed(name: string): Promise<Pipeline> {
  const pipelines = await loadPipelines();
  const pipeline = Object.hasOwn(pipelines, name) ? pipelines[name] : undefined;
  if (pipeline) return pipeline;
  const known = Object.keys(pipelines);
  const hint = suggestion(name, known);
  const list = hint.startsWith('known') ? '' : ` Pipelines: ${known.join(', ')}.`;
  throw new Problem(`There is no pipeline '${name}' (${hint}).${list}`, 2);
}

/** Everything that is wrong with the options, at once. */
function checkOptions(pipeline: Pipeline, options: RunOptions): void {
  const { env, data, state, only, train, service, validate } = options;
  const { problems } = parametersGiven(pipeline, options.parameterOptions ?? [], options.parameters ?? {});
  if (!environmentNamed(env).pipelines[pipeline.name])
    problems.push(`The environment ${env} does not have ${pipeline.name}: add it in lib/environments.ts.`);
  if (env !== 'local' && data)
    problems.push('--data is for the local environment: AWS environments read their own raw zone.');
  if (env !== 'local' && state) problems.push('--state is for the local environment.');
  if (only === 'ml' && !pipeline.model) problems.push(`${pipeline.name} has no model, so --only ml has nothing to do.`);
  if (only === 'ml' && validate) problems.push('--validate compares the tables of the ETL: leave --only ml away.');
  if (only === 'ml' && data && !state)
    problems.push('--only ml needs the tables of an earlier run, and --data starts from nothing: name its --state.');
  if (only === 'etl' && train !== undefined)
    problems.push('--train and --no-train are for the ML: leave --only etl away.');
  if (service && !pipeline.model) problems.push(`${pipeline.name} has no model: --service has nothing to choose from.`);
  if (service && only === 'etl') problems.push('--service is for the ML: leave --only etl away.');
  if (service && train !== undefined)
    problems.push('--service says whether to train: leave --train and --no-train away.');
  if (problems.length) throw new Problem(problems.join('\n'), 2);
}

const dataOf = (pipeline: Pipeline, { data }: RunOptions): DataFolder =>
  readDataFolder(data ? resolve(data) : join(root, 'sample-data', pipeline.name), pipeline);

async function openLocalWith(
  context: Context,
  screen: Screen,
  pipeline: Pipeline,
  options: RunOptions,
  data: DataFolder,
): Promise<Target> {
  const formats = data.sources.flatMap(({ source, format }) =>
    pipeline.sources[source] && pipeline.sources[source].format !== format ? [[source, { format }] as const] : [],
  );
  const state = stateFolder(context, options);
  if (options.only === 'ml' && !isLocalState(state))
    throw new Problem(
      `--only ml needs the tables of an earlier run and ${state} has none: leave --only ml away once.`,
      2,
    );
  const target = await openLocal(context, screen, state, pipeline.name, Object.fromEntries(formats));
  const line = screen.line('Source tables');
  await uploadSources(context, target, pipeline.name, data.sources, (text) => line.progress(text));
  line.done(data.sources.map(({ source }) => source).join(', '));
  return target;
}

async function runAndTell(
  context: Context,
  screen: Screen,
  target: Target,
  pipeline: Pipeline,
  options: RunOptions & { date: string },
): Promise<number> {
  const record: RunRecord = { pipeline: pipeline.name, env: options.env, runDate: options.date };
  const knownMails = target.outbox ? mailsIn(target.outbox) : [];
  try {
    await runMachines(context, screen, target, pipeline, options, record);
  } catch (error) {
    // The run was broken off: what is known of it is still worth writing down.
    const broken = context.signal.aborted ? (context.signal.reason as Error) : (error as Error);
    const running = (record.ml ?? record.etl)?.steps.at(-1);
    record.failure = { step: running?.name ?? 'start', error: broken.name, cause: broken.message };
    if (options.out) writeRunJson(options.out, composeRunJson(record));
    throw error;
  }
  const { etl, ml } = record;
  if (ml && ml.status !== 'SUCCEEDED') record.evaluation = await judgedModel(target, pipeline.name, ml);
  const result = composeRunJson(record);
  if (options.out) {
    writeRunJson(options.out, result);
    const line = screen.line('Files');
    const green = <T>(execution?: Execution) =>
      execution?.status === 'SUCCEEDED' ? (execution.output as T) : undefined;
    const results = { etl: green<EtlResult>(etl), ml: green<MlResult>(ml) };
    await writeTables(context, target, pipeline, options.out, results);
    line.done(options.out);
  }
  await screen.close();
  const lines = summary({
    target,
    pipeline,
    run: result,
    etl,
    ml,
    out: options.out,
    knownMails,
    again: laterOptions(options),
    command: commandLine(pipeline.name, options),
  });
  console.log(lines.join('\n'));
  return result.status === 'SUCCEEDED' ? 0 : 1;
}

/** The ETL, then the ML if the tables are good. `record` is filled as they go, so that a broken run can be told too. */
async function runMachines(
  context: Context,
  screen: Screen,
  target: Target,
  pipeline: Pipeline,
  options: RunOptions & { date: string },
  record: RunRecord,
): Promise<void> {
  const { date: runDate, only, validate, parameters = {} } = options;
  const shared = { runDate, ...(Object.keys(parameters).length ? { parameters } : {}) };
  const start = async (machine: Machine, input: StartInput) => {
    const progress = new RunProgress(screen);
    const request = { pipeline: pipeline.name, machine, input: { ...shared, ...input }, onSteps: progress.update };
    const execution = await runMachine(context, target, request, (started) => {
      record[machine] = started;
      screen.note(`${pipeline.name} ${machine} for ${runDate}: execution ${started.name}`);
    });
    const { notices = [] } = (execution.output ?? execution.payload) as { notices?: string[] };
    for (const notice of notices) screen.note(notice);
    return execution.status === 'SUCCEEDED';
  };
  if (only !== 'ml' && !(await start('etl', { then: 'none', ...(validate && { validate }) }))) return;
  if (only !== 'etl' && pipeline.model) await start('ml', mlInput(options));
}

/** A service is a choice of what the ML machine does; without one, the age of the model decides whether it trains. */
function mlInput({ service, train }: RunOptions): StartInput {
  if (service === 'train') return { train: 'always', predict: false };
  if (service) return { train: service === 'both' ? 'always' : 'never' };
  return { train: train === undefined ? 'auto' : train ? 'always' : 'never' };
}

/** The options that lead `presage query` to what this run made; undefined when that is removed with the command. */
function laterOptions({ env, data, state }: RunOptions): string | undefined {
  if (env !== 'local') return ` --env ${env}`;
  if (state) return ` --state ${state}`;
  return data ? undefined : '';
}

function commandLine(pipeline: string, { env, date, data, state, only, service, parameters }: RunOptions): string {
  const options = { env: env === 'local' ? undefined : env, date, data, state, only, service };
  const given = [
    ...Object.entries(options).flatMap(([name, value]) => (value ? [`--${name} ${value}`] : [])),
    ...parameterArguments(parameters),
  ];
  return ['npx presage run', pipeline, ...given].join(' ');
}
