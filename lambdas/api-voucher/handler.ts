import { countryIn, segmentOf, voucherSchema } from '#lambdas/api-voucher/request.ts';
import { Refusal } from '#lambdas/shared/http/answer.ts';
import { badRequest, jsonBody, problemsOf } from '#lambdas/shared/http/body.ts';
import { client } from '#lambdas/shared/http/client.ts';
import { route } from '#lambdas/shared/http/route.ts';
import { authorized } from '#lambdas/shared/http/scope.ts';
import { knowsPartition, readPrediction } from '#lambdas/shared/http/table.ts';

const UNKNOWN_COUNTRY = { field: 'country_code', message: 'is no country that there are vouchers of' };

/**
 * `POST /vouchers`: the voucher value that the customer's segment uses most. 400 with everything that is wrong, 404 when
 * nobody of the segment has been seen.
 */
export const handler = route('voucher', async (event) => {
  const pipeline = authorized(event, 'read', 'vouchers');
  const content = jsonBody(event);
  const now = Date.now();
  const parsed = voucherSchema(now).safeParse(content);
  const country_code = countryIn(content);
  const found = parsed.success
    ? await readPrediction(
        client,
        pipeline,
        {
          country_code: parsed.data.country_code,
          segment_name: parsed.data.segment_name,
          segment: segmentOf(parsed.data, now),
        },
        now,
      )
    : undefined;
  if (found) return { voucher_amount: found.prediction.voucher_amount };

  const problems = parsed.success ? [] : problemsOf(parsed.error);
  if (country_code && !(await knowsPartition(client, pipeline, { country_code }))) problems.push(UNKNOWN_COUNTRY);
  if (problems.length) throw badRequest(problems);
  throw new Refusal(404, 'There is no voucher for this segment of this country.');
});
