import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { PublishCommand } from '@aws-sdk/client-sns';
import { secrets } from '#lambdas/shared/clients/secrets.ts';
import { sns } from '#lambdas/shared/clients/sns.ts';
import type { Message } from '#lambdas/shared/message.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { logger } from '#lambdas/shared/step.ts';

const WEBHOOK_MS = 5_000;

/** Tells of a failure: mail first, then Slack if the environment has a webhook. Only a mail that fails is an error. */
export async function alert(message: Message): Promise<void> {
  await mail(getSettings().alertTopic, message);
  await tellSlack(message);
}

/** Tells those of a topic by mail alone. */
export async function mail(TopicArn: string, { subject, text }: Message): Promise<void> {
  await sns.send(new PublishCommand({ TopicArn, Subject: subject, Message: text }));
}

/** Nothing without a webhook; one that fails is a line in the log. */
export async function tellSlack({ subject, text }: Message): Promise<void> {
  const { slackSecretName: SecretId } = getSettings();
  if (!SecretId) return;
  try {
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId }));
    if (!SecretString) throw new Error('the secret is empty');
    const answer = await fetch(SecretString.trim(), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: `*${subject}*\n\`\`\`${text}\`\`\`` }),
      signal: AbortSignal.timeout(WEBHOOK_MS),
    });
    if (!answer.ok) logger.warn('Slack did not take the message', { status: answer.status });
  } catch (error) {
    // The name alone: the message of a failed fetch can hold the address, and the address is the secret.
    logger.warn('Slack could not be told', { error: (error as Error).name });
  }
}
