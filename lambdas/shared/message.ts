import type { Run, StartInput } from '#lambdas/shared/payload.ts';

export interface Message {
  /** For SNS: ASCII, one line, at most 100 characters. */
  subject: string;
  text: string;
}

export interface Failure {
  step: string;
  error: string;
  cause: string;
}

const SUBJECT_LENGTH = 100;
const CAUSE_LENGTH = 20_000;

/** The mail of a failed run: what, where, why, where to look and how to go on. */
export function failureMessage(
  run: Run,
  region: string,
  { step, error, cause }: Failure,
  more: string[] = [],
  start: StartInput = {},
): Message {
  const { environment, pipeline, runDate, machine, execution } = run;
  const link = consoleLink(run, region);
  return {
    subject: subjectOf(`[${environment}] ${pipeline} ${runDate} failed at ${step}: ${error}`),
    text: [
      `The ${machine.toUpperCase()} run of ${pipeline} for ${runDate} in ${environment} has failed.`,
      '',
      `Environment: ${environment}`,
      `Pipeline:    ${pipeline}`,
      `Run date:    ${runDate}`,
      `Step:        ${step}`,
      `Error:       ${error}`,
      `Execution:   ${execution}`,
      '',
      'Cause:',
      shortened(cause)
        .split('\n')
        .map((line) => `  ${line}`)
        .join('\n'),
      '',
      ...more.flatMap((line) => [line, '']),
      ...(link ? ['Look at it:', `  ${link}`, ''] : []),
      'Run it again when the cause is gone:',
      `  ${resumeCommand(run, start)}`,
    ].join('\n'),
  };
}

/** ML alone when the tables of the day are there already; otherwise as the run was started. */
export const resumeCommand = ({ environment, pipeline, runDate, machine }: Run, start: StartInput = {}) =>
  [
    `npx presage run ${pipeline} --env ${environment}`,
    /^\d/.test(runDate) ? `--date ${runDate}` : '--date YYYY-MM-DD',
    ...(machine === 'ml' ? ['--only ml'] : []),
    ...(start.predict === false ? ['--service train'] : []),
    ...(start.predict !== false && start.train === 'always' ? ['--train'] : []),
    ...(start.train === 'never' ? ['--no-train'] : []),
    ...parameterArguments(start.parameters),
  ].join(' ');

/** Parameters of a run as options of the command line. */
export const parameterArguments = (parameters: StartInput['parameters'] = {}) =>
  Object.entries(parameters).map(([name, value]) => `--${optionName(name)} ${quoted(value)}`);

/** A parameter of a definition on the command line. */
export const optionName = (parameter: string) => parameter.replaceAll('_', '-');

/** For a shell: plain words as they are, everything else in single quotes. */
const quoted = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Nothing for the laptop: there is no console. */
export function consoleLink({ environment, executionArn }: Run, region: string): string | undefined {
  if (environment === 'local') return undefined;
  return `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${executionArn}`;
}

export function subjectOf(text: string): string {
  const ascii = text
    .normalize('NFKD')
    .replace(/[^\x20-\x7E]+/g, ' ')
    .replace(/ +/g, ' ')
    .trim();
  return ascii.length <= SUBJECT_LENGTH ? ascii : `${ascii.slice(0, SUBJECT_LENGTH - 3)}...`;
}

function shortened(cause: string): string {
  if (cause.length <= CAUSE_LENGTH) return cause;
  const cut = cause.slice(0, cause.lastIndexOf('\n', CAUSE_LENGTH) + 1 || CAUSE_LENGTH);
  return `${cut.trimEnd()}\n… ${cause.length - cut.length} more characters; the whole text is in the execution's history`;
}

/**
 * The cause as people want to read it. Step Functions gives a function's error as JSON with the message, the type and a
 * stack trace inside a string; its own errors are plain text.
 */
export function readableCause(cause: string | undefined): string {
  if (!cause) return 'no cause was given';
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof errorMessage === 'string' && errorMessage ? errorMessage : cause;
  } catch {
    return cause;
  }
}
