import type { EtlPayload } from '#lambdas/shared/payload.ts';

/** What jobs that ran side by side have found, in one payload. */
export function joined({ branches = [], ...payload }: EtlPayload): EtlPayload {
  const every = [payload, ...branches];
  const jobs = Object.assign({}, ...every.map((branch) => branch.jobs));
  return { ...payload, jobs, notices: [...new Set(every.flatMap(({ notices }) => notices))] };
}
