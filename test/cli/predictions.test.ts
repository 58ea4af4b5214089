import { expect, it } from 'vitest';
import { presage } from '#cli/main.ts';

/** What is wrong with a question is told before an environment is opened. */
it.each([
  [['predictions', 'churn', '1'], /There is no pipeline churn/],
  [['predictions', 'buyer-stage', 'm', '1'], /key of buyer-stage is \{member_id\}/],
  [['predictions', 'vouchers', 'Peru', '0-4'], /\{country_code\}\/\{segment_name\}\/\{segment\}/],
  [['predictions', 'reorder', 'x', '1.5'], /user_id: [\s\S]*product_id: /],
  [['predictions', 'reorder', '1', '--env', 'dev', '--state', 'somewhere'], /--state is for the local environment/],
  [['token', '--env', 'dev', '--state', 'somewhere'], /--state is for the local environment/],
])('presage %j ends with 2', async (args, message) => {
  await expect(presage(args)).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
});
