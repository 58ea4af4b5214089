import { styleText } from 'node:util';
import { openTarget } from '#cli/commands/local-environment.ts';
import type { Context } from '#cli/context.ts';
import { runningUp } from '#cli/local/running.ts';
import { stateFolder } from '#cli/local/state.ts';
import { alarmParts } from '#cli/status/alarms.ts';
import { apiParts } from '#cli/status/api.ts';
import { endpointParts } from '#cli/status/endpoints.ts';
import { GROUPS, type Part } from '#cli/status/part.ts';
import { predictionParts } from '#cli/status/predictions.ts';
import { runParts } from '#cli/status/runs.ts';
import { stackParts } from '#cli/status/stacks.ts';
import type { Target } from '#cli/target.ts';
import { shown } from '#cli/up/story.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';

export interface StatusOptions {
  env: string;
  state?: string;
  json?: boolean;
}

/** `presage status`: how everything of an environment is. 1 when something is wrong or could not be asked for. */
export async function status(context: Context, options: StatusOptions): Promise<number> {
  const running = options.env === 'local' ? await runningUp(stateFolder(context, options)) : undefined;
  const target = await openTarget(context, options);
  const parts = await allParts(target, Date.now());
  const wrong = parts.filter(({ state }) => state === 'wrong' || state === 'unknown').length;
  if (options.json) {
    const { account, environment } = target;
    const up = running ? { url: running.url, pid: running.pid } : null;
    const head = { environment: environment.name, account, region: environment.region, ok: !wrong };
    console.log(JSON.stringify({ ...head, ...(options.env === 'local' ? { up } : {}), parts }, null, 2));
  } else {
    const local = running
      ? `\`presage up\` runs: ${running.url} (process ${running.pid})`
      : '`presage up` does not run';
    const verdict = wrong ? `${wrong} thing${wrong === 1 ? ' is' : 's are'} not well.` : 'All is well.';
    // In one piece, so that a reader who has seen enough (`| head`) breaks nothing.
    console.log([...heading(target, local), ...lines(parts), verdict].join('\n'));
  }
  return wrong ? 1 : 0;
}

/** Everything the environment should have, in the order it is shown in. */
export async function allParts(target: Target, now: number): Promise<Part[]> {
  const pipelines = Object.values(await loadPipelines()).filter(({ name }) => target.environment.pipelines[name]);
  const groups = await Promise.all([
    stackParts(target, pipelines, now),
    runParts(target, pipelines, now),
    alarmParts(target, now),
    predictionParts(target, pipelines, now),
    endpointParts(target, pipelines, now),
    apiParts(target),
  ]);
  return groups.flat();
}

function heading({ account, client, environment, outbox }: Target, local: string): string[] {
  if (!client.endpoint) return [`${environment.name}: account ${account}, ${environment.region}`];
  return [`${environment.name}: ${local}`, ...(outbox ? [`mails: ${shown(outbox)}`] : [])];
}

const MARKS = {
  ok: ['ok', 'green'],
  note: ['-', 'gray'],
  wrong: ['WRONG', 'red'],
  unknown: ['UNKNOWN', 'yellow'],
} as const satisfies Record<Part['state'], [string, string]>;

const TITLES = {
  stacks: 'Stacks',
  runs: 'Last runs',
  alarms: 'Alarms',
  predictions: 'Newest predictions',
  endpoints: 'Endpoints',
  api: 'API',
} as const satisfies Record<Part['group'], string>;

export function lines(parts: readonly Part[]): string[] {
  const width = Math.max(...parts.map(({ name }) => name.length));
  const indent = ' '.repeat(11);
  return GROUPS.flatMap((group) => {
    const mine = parts.filter((part) => part.group === group);
    if (!mine.length) return [];
    return [
      '',
      TITLES[group],
      ...mine.flatMap(({ name, state, says, link }) => {
        const [word, colour] = MARKS[state];
        // Colours only where a terminal shows them.
        const mark = styleText(colour, word.padEnd(7), { stream: process.stdout });
        return [`  ${mark}  ${name.padEnd(width)}  ${says}`, ...(link ? [`${indent}${link}`] : [])];
      }),
    ];
  }).concat('');
}
