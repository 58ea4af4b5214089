import { stepError } from '#lambdas/shared/errors.ts';
import type { Machine, Run, StartInput, StepEvent } from '#lambdas/shared/payload.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';

/** Longer than any name or code; the whole input of an execution stays small. */
const LONGEST_PARAMETER = 200;

const THEN = ['ml', 'none'];
const TRAIN = ['auto', 'always', 'never'];

/** Whether a text is a day of the calendar, YYYY-MM-DD. */
export const isDay = (text: unknown): text is string =>
  typeof text === 'string' &&
  /^\d{4}-\d{2}-\d{2}$/.test(text) &&
  !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
  new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

/** The day of a time in UTC. */
export const dayOf = (time: string) => new Date(time).toISOString().slice(0, 10);

/** Which machine an execution belongs to: the ARN is `arn:…:execution:<machine>:<execution>`. */
export function machineOf(executionArn: string): Machine {
  const machine = executionArn.split(':').at(-2);
  return machine === getSettings().mlMachineArn.split(':').at(-1) ? 'ml' : 'etl';
}

/** The day a run is about: named by a person, or the day the schedule says. Never the clock. */
export function runDateOf({ runDate, scheduledTime }: StartInput): string | undefined {
  if (runDate !== undefined) return isDay(runDate) ? runDate : undefined;
  if (typeof scheduledTime !== 'string' || Number.isNaN(Date.parse(scheduledTime))) return undefined;
  return dayOf(scheduledTime);
}

/** Refuses an input with all that is wrong with it. */
export function checkInput(start: StartInput): string {
  const runDate = runDateOf(start);
  const problems: string[] = [];
  if (!runDate && start.runDate !== undefined)
    problems.push(`runDate ${JSON.stringify(start.runDate)} is no day (YYYY-MM-DD)`);
  else if (!runDate && start.scheduledTime !== undefined)
    problems.push(`scheduledTime ${JSON.stringify(start.scheduledTime)} is no time (ISO 8601)`);
  else if (!runDate) problems.push('runDate is missing (YYYY-MM-DD; a schedule gives scheduledTime instead)');
  if (start.then !== undefined && !THEN.includes(start.then)) problems.push(`then is one of ${THEN.join(', ')}`);
  if (start.train !== undefined && !TRAIN.includes(start.train)) problems.push(`train is one of ${TRAIN.join(', ')}`);
  if (start.validate !== undefined && typeof start.validate !== 'boolean') problems.push('validate is true or false');
  if (start.predict !== undefined && typeof start.predict !== 'boolean') problems.push('predict is true or false');
  problems.push(...parameterProblems(start.parameters));
  if (!runDate || problems.length) throw stepError('WrongInput', `The input of the execution: ${problems.join('; ')}`);
  return runDate;
}

function parameterProblems(given: unknown): string[] {
  if (given === undefined) return [];
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return ['parameters is an object of names and texts'];
  const known = Object.keys(getPipeline().parameters);
  return Object.entries(given).flatMap(([name, value]) => {
    if (!known.includes(name))
      return [
        `there is no parameter ${JSON.stringify(name)} (${known.length ? `known: ${known.join(', ')}` : 'the pipeline has none'})`,
      ];
    if (typeof value !== 'string') return [`parameter ${name} is a text`];
    if (value.length > LONGEST_PARAMETER) return [`parameter ${name} has at most ${LONGEST_PARAMETER} characters`];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    return /[\u0000-\u001f]/.test(value) ? [`parameter ${name} holds a control character`] : [];
  });
}

/** The run an event belongs to. Before resolve-run has made it, as much as the input says. */
export function runOf(input: { run?: Run } & StartInput, context: StepEvent<unknown>['context']): Run {
  const { environment, pipeline } = getSettings();
  const { execution, executionArn, startedAt } = context;
  const runDate = runDateOf(input) ?? 'unknown';
  return (
    input.run ?? {
      environment,
      pipeline,
      machine: machineOf(executionArn),
      execution,
      executionArn,
      runDate,
      startedAt,
    }
  );
}
