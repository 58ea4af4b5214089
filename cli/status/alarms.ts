import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { consoleLinks } from '#cli/status/console.ts';
import { ago, type Part, part } from '#cli/status/part.ts';
import type { Target } from '#cli/target.ts';

/** Each alarm of the environment that is in ALARM, or one part that says that none is. */
export async function alarmParts(target: Target, now: number): Promise<Part[]> {
  const prefix = target.lake.prefix;
  const links = consoleLinks(target);
  const parts: Part[] = [];
  const all = await part('alarms', `${prefix}-*`, 'cloudwatch:DescribeAlarms', async () => {
    const pages = paginateDescribeAlarms(
      { client: new CloudWatchClient(target.client) },
      { AlarmNamePrefix: `${prefix}-`, StateValue: 'ALARM', AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] },
    );
    for await (const { MetricAlarms = [], CompositeAlarms = [] } of pages)
      for (const { AlarmName: name = '', StateReason, StateUpdatedTimestamp: since } of [
        ...MetricAlarms,
        ...CompositeAlarms,
      ])
        parts.push({
          group: 'alarms',
          name,
          state: 'wrong',
          says: `ALARM${since ? `, ${ago(since, now)}` : ''}${StateReason ? `: ${StateReason}` : ''}`,
          link: links.alarm(name),
          facts: { since: since?.toISOString() ?? null },
        });
    return { state: 'ok', says: 'none is in ALARM' };
  });
  return parts.length ? parts : [all];
}
