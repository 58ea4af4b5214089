import { readJsonIfThere } from '#lambdas/shared/s3.ts';

/**
 * Why a Spark script failed, in its own words, from the `error.json` it leaves where its report would be. EMR and Glue
 * themselves often say no more than "exited with code 1", and the step's log appears minutes later.
 */
export async function scriptError(reportFolder: string): Promise<string | undefined> {
  const found = await readJsonIfThere<{ error?: string; message?: string }>(`${reportFolder}error.json`);
  return found && [found.error, found.message].filter(Boolean).join(': ');
}
