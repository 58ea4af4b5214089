import type { Context } from '#cli/context.ts';
import { Interrupted, inContext } from '#cli/context.ts';
import { runningUp } from '#cli/local/running.ts';
import { stateFolder } from '#cli/local/state.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { boardFor } from '#cli/up/board.ts';
import { type Door, openDoor } from '#cli/up/door.ts';
import { inOrder } from '#cli/up/first-runs.ts';
import { Session } from '#cli/up/session.ts';
import { Story } from '#cli/up/story.ts';
import { environments } from '#lib/environments.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

export interface UpOptions {
  /** Names with commas between them; without it, every pipeline of the local environment. */
  only?: string;
  /** 0: a free one. */
  port: number;
  run?: boolean;
  state?: string;
}

/** `presage up`: everything on this machine, until Ctrl-C. 0 when it was ended after page and API were open. */
export async function up(options: UpOptions): Promise<number> {
  let open = false;
  try {
    return await inContext(async (context) => {
      const session = await begin(context, options);
      await session.open();
      open = true;
      return session.keep();
    });
  } catch (error) {
    if (!open || !(error instanceof Interrupted)) throw error;
    console.log('Ended. The next `presage up` goes on with what there is.');
    return 0; // to be interrupted is how this command ends
  }
}

async function begin(context: Context, options: UpOptions): Promise<Session> {
  const watched = await localPipelines();
  const pipelines = inOrder(chosen(watched, options.only));
  const state = stateFolder(context, options);
  const other = await runningUp(state);
  if (other)
    throw new Problem(
      `\`presage up\` runs already (process ${other.pid}): ${other.url}\nEnd it with Ctrl-C there, or name another folder with --state.`,
    );
  // A closed terminal or pipe: there is nobody left to tell anything.
  process.stdout.on('error', () => context.abort(new Interrupted('SIGINT')));
  const board = boardFor(() => story.state());
  context.defer(() => board.close());
  const story: Story = new Story(pipelines, board);
  const door = await doorAt(context, options.port, story);
  return Session.begin({ context, pipelines, watched, state, door, board, story, runAll: options.run ?? false });
}

async function localPipelines(): Promise<Pipeline[]> {
  return Object.values(await loadPipelines()).filter(({ name }) => Object.hasOwn(environments.local.pipelines, name));
}

function chosen(all: Pipeline[], only?: string): Pipeline[] {
  if (only === undefined) return all;
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !all.some((pipeline) => pipeline.name === name));
  const quoted = unknown.map((name) => `'${name}'`).join(', ');
  if (quoted)
    throw new Problem(
      `--only: there is no pipeline ${quoted}. Pipelines: ${all.map(({ name }) => name).join(', ')}.`,
      2,
    );
  return all.filter(({ name }) => names.includes(name));
}

async function doorAt(context: Context, port: number, story: Story): Promise<Door> {
  try {
    return await openDoor(context, port, (visit) => story.visit(visit));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${message})`;
    throw new Problem(`Port ${port} of 127.0.0.1 ${why}: name another one, or leave --port away to take a free one.`);
  }
}
