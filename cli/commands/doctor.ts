import type { Context } from '#cli/context.ts';
import { type Check, checkMachine } from '#cli/doctor/machine.ts';
import { environmentNamed } from '#cli/target.ts';

/** `presage doctor`: one line a check, the fix below each problem. 1 when something is wrong. */
export async function doctor(context: Context, { env }: { env: string }): Promise<number> {
  const checks =
    env === 'local'
      ? await checkMachine(context)
      : await (await import('#cli/doctor/account.ts')).checkAccount(environmentNamed(env));
  for (const line of checks.flatMap(lines)) console.log(line);
  const problems = checks.filter(({ fix }) => fix !== undefined).length;
  console.log(problems ? `${problems} problem${problems === 1 ? '' : 's'}.` : 'All is well.');
  return problems ? 1 : 0;
}

const lines = ({ name, found, fix }: Check): string[] =>
  fix === undefined
    ? [`ok       ${name.padEnd(18)} ${found}`]
    : [`PROBLEM  ${name.padEnd(18)} ${found}`, `         ${''.padEnd(18)} ${fix}`];
