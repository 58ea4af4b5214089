import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '#cli/context.ts';
import { assemblySettings, inputHash, localAssembly, type SourceFormats } from '#cli/local/assembly.ts';
import { LocalCloud } from '#cli/local/cloud.ts';
import { bootstrap, DeployedNote, deploy } from '#cli/local/deploy.ts';
import { endWith, noteDeployed, type Running, runningUp } from '#cli/local/running.ts';
import { stateFolder } from '#cli/local/state.ts';
import type { Screen } from '#cli/run/screen.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { awsTarget, environmentNamed, localTarget, type Target } from '#cli/target.ts';
import { environments } from '#lib/environments.ts';

/**
 * Brings the lake and the stacks of a pipeline to what the code says, in the local cloud of a state folder: in that of the
 * `presage up` which runs there, or in one that is started for this command.
 */
export async function openLocal(
  context: Context,
  screen: Screen,
  state: string,
  pipeline: string,
  formats: SourceFormats,
): Promise<Target> {
  const running = await runningUp(state);
  if (running) return joinRunning(context, screen, running, pipeline, formats);
  const note = new DeployedNote(state);
  const starting = screen.line('Local cloud');
  const cloud = await LocalCloud.start(context, state, environments.local.region);
  note.takeAway();
  starting.done(`${cloud.endpoint}, state in ${state}`);

  const building = screen.line('Stacks');
  building.progress('synthesizing and bootstrapping');
  const target = localTarget(cloud);
  const [assembly] = await Promise.all([
    localAssembly(context, pipeline, formats),
    note.isBootstrapped ? undefined : bootstrap(context, cloud, target.account),
  ]);
  const upToDate = note.hashOf(pipeline) === assembly.hash;
  if (!upToDate) await deploy(context, cloud, assembly, (text) => building.progress(text));
  building.done(upToDate ? 'deployed already' : 'deployed');
  context.defer(async () => {
    if (await cloud.stop()) note.write({ [pipeline]: assembly.hash });
  });
  return target;
}

async function joinRunning(
  context: Context,
  screen: Screen,
  running: Running,
  pipeline: string,
  formats: SourceFormats,
): Promise<Target> {
  const mine = running.pipelines.includes(pipeline);
  const deployed = running.deployed[pipeline];
  if (mine && !deployed)
    throw new Problem(
      `\`presage up\` (process ${running.pid}) has not deployed ${pipeline} yet: try again in a while.`,
    );
  const target = joined(context, running);
  screen.line('Local cloud').done(`${running.endpoint}, of \`presage up\``);
  const line = screen.line('Stacks');
  const options = { schedules: mine };
  if (deployed === inputHash(assemblySettings(pipeline, formats, options))) {
    line.done('deployed already');
    return target;
  }
  line.progress('synthesizing');
  const assembly = await localAssembly(context, pipeline, formats, options);
  await deploy(context, running, assembly, (text) => line.progress(text));
  noteDeployed(running.state, { [pipeline]: assembly.hash });
  line.done('deployed');
  return target;
}

/** The cloud of a `presage up` as a target. It may end at any time, and then this command ends too. */
function joined(context: Context, running: Running): Target {
  endWith(context, running);
  const target = localTarget(running);
  // More attempts than usual: that it has ended is told in words before a refused connection is.
  return { ...target, client: { ...target.client, maxAttempts: 6 } };
}

/** A local cloud on a state that an earlier run has left, as it is; the one of `presage up` if one runs there. */
export async function reopenLocal(context: Context, state: string): Promise<Target> {
  const running = await runningUp(state);
  if (running) return joined(context, running);
  const note = new DeployedNote(state);
  const cloud = await LocalCloud.start(context, state, environments.local.region);
  note.takeAway();
  context.defer(async () => {
    if ((await cloud.stop()) && note.isBootstrapped) note.write({});
  });
  return localTarget(cloud);
}

/** The environment a command asks: one in AWS, or the local one that earlier runs have left. */
export async function openTarget(context: Context, options: { env: string; state?: string }): Promise<Target> {
  if (options.env !== 'local') {
    if (options.state) throw new Problem('--state is for the local environment.', 2);
    return awsTarget(environmentNamed(options.env));
  }
  const state = stateFolder(context, options);
  if (!isLocalState(state))
    throw new Problem(`There is no local environment in ${state} yet: make one with \`npm start\`.`);
  return reopenLocal(context, state);
}

export const isLocalState = (state: string) => existsSync(join(state, 'ministack'));
