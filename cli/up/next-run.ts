import type { Pipeline } from '#lib/pipelines/pipeline.ts';

const DAY = 86_400_000;

/** When a pipeline is started by its schedule the next time after `now`; milliseconds since 1970. */
export function nextRun({ schedule }: Pick<Pipeline, 'schedule'>, now: number): number {
  const [hour = 0, minute = 0] = schedule.at.split(':').map(Number);
  const today = Math.floor(now / DAY) * DAY + (hour * 60 + minute) * 60_000;
  for (let at = today; ; at += DAY)
    if (at > now && (schedule.days === 'daily' || new Date(at).getUTCDay() === 1)) return at;
}

/** `vouchers at 04:00 UTC`, with the day unless it is within a day. */
export function nextRunOf(pipelines: readonly Pipeline[], now: number): string {
  const [next] = pipelines
    .map((pipeline) => ({ name: pipeline.name, at: nextRun(pipeline, now) }))
    .sort((a, b) => a.at - b.at);
  if (!next) return '';
  const text = new Date(next.at).toISOString();
  return `${next.name} at ${next.at - now < DAY ? '' : `${text.slice(0, 10)} `}${text.slice(11, 16)} UTC`;
}
