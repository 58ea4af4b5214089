import { byId, element, focused } from '#site/client/dom.ts';
import { Fields } from '#site/client/form.ts';
import { Status } from '#site/client/status.ts';
import { money } from '#site/logic/format.ts';
import { type Problem, parseNumber } from '#site/logic/values.ts';

const TEXTS = ['customer_id', 'country_code', 'first_order_ts', 'last_order_ts'];
const DAY_MS = 86_400_000;

/** The voucher value that the segment of a customer uses most. */
export function voucherPart(): void {
  const form = byId<HTMLFormElement>('voucher-form');
  const fields = new Fields('voucher');
  const status = new Status('voucher');
  const result = byId('voucher-result');
  const empty = [...result.childNodes];
  const segmentation = () => form.querySelector<HTMLInputElement>('[name=segment_name]:checked')?.value ?? '';

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const orders = parseNumber(fields.text('total_orders'), false);
    const [customer = [], country = [], ...days] = TEXTS.map((field) => missing(field));
    const ofOrders = 'problem' in orders ? [{ field: 'total_orders', message: orders.problem }] : [];
    // Down the page.
    const problems = [...customer, ...country, ...ofOrders, ...days.flat()];
    if (problems.length || 'problem' in orders) return fields.tell(problems);
    fields.clear();
    const body = {
      ...Object.fromEntries(TEXTS.map((field) => [field, fields.text(field).trim()])),
      total_orders: orders.value,
      segment_name: segmentation(),
    };
    const outcome = await status.ask('Looking for the voucher …', { path: '/page/vouchers', body });
    if (outcome.kind === 'stopped') return;
    result.replaceChildren(...empty);
    if (outcome.kind === 'invalid') fields.tell(outcome.problems, outcome.message);
    else if (outcome.kind === 'done') show(outcome.content as { voucher_amount?: number });
    else if (outcome.kind === 'none') status.none(outcome.message);
    else if (outcome.kind !== 'later') status.fail(outcome.message);
  });

  byId('voucher-example').addEventListener('click', () => {
    const day = (ago: number) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);
    const example: Record<string, string> = {
      customer_id: '4711',
      country_code: 'Peru',
      total_orders: '16',
      first_order_ts: day(400),
      last_order_ts: day(40),
    };
    fields.clear();
    for (const [name, text] of Object.entries(example)) {
      const input = fields.input(name);
      if (input) input.value = text;
    }
    result.replaceChildren(...empty);
    status.say('The form has the example.');
  });

  function missing(field: string): Problem[] {
    if (fields.text(field).trim()) return [];
    const unfinished = fields.input(field)?.validity.badInput;
    return [{ field, message: unfinished ? 'is no day of the calendar' : 'is missing' }];
  }

  function show({ voucher_amount: amount }: { voucher_amount?: number }): void {
    if (typeof amount !== 'number') {
      status.fail('The answer has no value in it.');
      return;
    }
    const title = element('h3', { class: 'verdict' }, amount > 0 ? `A voucher of ${money(amount)}` : 'No voucher');
    const why =
      amount > 0
        ? 'It is the value that customers of this segment use most.'
        : 'Most customers of this segment order without one.';
    result.replaceChildren(title, element('p', { class: 'why' }, why));
    focused(title);
  }
}
