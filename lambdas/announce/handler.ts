import { runAnnouncement, tableAnnouncement } from '#lambdas/announce/messages.ts';
import { mail, tellSlack } from '#lambdas/shared/alert.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';

/**
 * Tells people what went well, where the definition wants it: a mail for each published table, or one for the run, which
 * goes to Slack too. A retried step may tell twice, which is better than not at all.
 */
export const handler = step<EtlPayload & MlPayload, EtlPayload & MlPayload, { of: 'tables' | 'run' }>(
  async (payload, { args }) => {
    const { announcementTopic, database } = getSettings();
    if (args.of === 'run') {
      const message = runAnnouncement(payload);
      await mail(announcementTopic, message);
      await tellSlack(message);
      return payload;
    }
    for (const [name, table] of Object.entries(getPipeline().tables)) {
      const made = payload.tables?.[name];
      if (table.announce && made) await mail(announcementTopic, tableAnnouncement(payload.run, database, name, made));
    }
    return payload;
  },
);
