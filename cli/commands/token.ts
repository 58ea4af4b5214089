import { openTarget } from '#cli/commands/local-environment.ts';
import type { Context } from '#cli/context.ts';
import { accessToken } from '#cli/serving.ts';

/** `presage token`: prints a token and nothing else, so that a shell can put it into a header. */
export async function token(
  context: Context,
  options: { env: string; state?: string; scope?: string[] },
): Promise<number> {
  console.log(await accessToken(await openTarget(context, options), options.scope));
  return 0;
}
