import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '#cli/context.ts';
import { envOf, type Whereabouts } from '#cli/local/address.ts';
import type { Assembly } from '#cli/local/assembly.ts';
import { runTool } from '#cli/processes.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { root } from '#cli/setup.mjs';

const cdk = [process.execPath, join(root, 'node_modules/aws-cdk/bin/cdk')] as const;

/**
 * What is deployed to a state folder, pipeline by pipeline, remembered between runs. The note is taken away while a cloud runs and comes
 * back when it ended as asked: after a crash the state may lack something, and a deploy mends that.
 */
export class DeployedNote {
  private readonly known: Record<string, string> | undefined;
  private readonly file: string;

  constructor(state: string) {
    this.file = join(state, 'deployed.json');
    this.known = existsSync(this.file)
      ? (JSON.parse(readFileSync(this.file, 'utf8')) as { pipelines?: Record<string, string> }).pipelines
      : undefined;
  }

  get isBootstrapped(): boolean {
    return this.known !== undefined;
  }

  /** Of what is deployed for a pipeline. */
  hashOf(pipeline: string): string | undefined {
    return this.known?.[pipeline];
  }

  takeAway(): void {
    rmSync(this.file, { force: true });
  }

  /** What was there, and what this run has deployed. */
  write(deployed: Record<string, string>): void {
    writeFileSync(this.file, `${JSON.stringify({ pipelines: { ...this.known, ...deployed } })}\n`);
  }
}

/** `cdk bootstrap`, as for any account. */
export async function bootstrap(context: Context, cloud: Whereabouts, account: string): Promise<void> {
  const log = join(cloud.state, 'deploy.log');
  const { code, lines } = await runTool(
    context,
    [...cdk, 'bootstrap', `aws://${account}/${cloud.region}`, '--ci'],
    // Outside the project there is no cdk.json, so the app is not synthesized for nothing.
    { cwd: cloud.state, env: envOf(cloud), log },
  );
  if (code !== 0) throw deployProblem('cdk bootstrap', lines, log);
}

/** `cdk deploy` of the stacks of an assembly, without a choice of all; `progress` gets the state of each, for example `lake 12/31, buyer-stage-etl 3/90`. */
export async function deploy(
  context: Context,
  cloud: Whereabouts,
  assembly: Assembly,
  progress: (text: string) => void,
  chosen: readonly string[] = ['local/*'],
): Promise<void> {
  const log = join(cloud.state, 'deploy.log');
  const stacks = new Map<string, string>();
  const { code, lines } = await runTool(
    context,
    [
      ...cdk,
      ...['deploy', ...chosen, '--app', assembly.folder, '--require-approval', 'never', '--ci', '--progress', 'events'],
      ...['--concurrency', '3', '--method', 'direct'],
    ],
    {
      cwd: root,
      env: envOf(cloud),
      log,
      onLine: (line) => {
        const event = stackEvent(line);
        if (!event) return;
        stacks.set(event.stack, event.count);
        progress([...stacks].map(([stack, count]) => `${stack} ${count}`).join(', '));
      },
    },
  );
  if (code !== 0) throw deployProblem('cdk deploy', lines, log);
}

/** A line of `--progress events`: `presage-local-lake | 3/31 | 11:00:00 AM | CREATE_COMPLETE | …`; the total may be missing. */
export function stackEvent(line: string): { stack: string; count: string } | undefined {
  const found = /^\s*(?:presage-local-)?([\w-]+)\s*\|\s*(\d+(?:\/\d+)?)\s*\|/.exec(line);
  return found?.[1] && found[2] ? { stack: found[1], count: found[2] } : undefined;
}

/** The lines that say why, without the stack trace of the CLI itself. */
function deployProblem(what: string, lines: string[], log: string): Problem {
  const clean = lines.map((line) => line.trim()).filter((line) => line && !line.startsWith('at '));
  const telling = clean.filter(
    (line) =>
      /❌|FAILED|error|denied|not authorized|failed/i.test(line) && !/^More information|trace-warnings/.test(line),
  );
  const last = (telling.length ? telling : clean).slice(-4);
  return new Problem(
    `${what} to the local cloud failed; all of it is in ${log}\n${last.map((line) => `  ${line}`).join('\n')}`,
  );
}
