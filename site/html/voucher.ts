import { attributesOf, type Field, fieldHtml } from '#site/html/field.ts';

const field = (made: Omit<Field, 'form'>) => fieldHtml({ form: 'voucher', ...made });
const day = (name: string, label: string) => {
  const hint = 'A day, in UTC.';
  const made = { form: 'voucher', name, label, hint };
  return field({ ...made, control: `<input ${attributesOf(made)} type="date" min="1000-01-01" max="2999-12-31">` });
};

const SEGMENTATIONS = [
  { value: 'frequent_segment', label: 'How often they order', says: 'by the number of orders' },
  { value: 'recency_segment', label: 'How long ago they ordered', says: 'by days since the last order' },
];

/** The voucher that customers like this one use most. */
export const voucherHtml = () => `<section id="voucher" aria-labelledby="voucher-title">
<div class="intro">
<h2 id="voucher-title">Which voucher?</h2>
<p>Customers are in segments by how often or how recently they order. This is the value that the customer’s segment
uses most in the country.</p>
</div>
<div class="columns">
<form id="voucher-form" novalidate>
<div class="summary" id="voucher-summary" tabindex="-1" hidden></div>
<fieldset>
<legend>The customer</legend>
<div class="fields">
${field({ name: 'customer_id', label: 'Customer', hint: 'Your own number or name; it changes no answer.' })}
${field({ name: 'country_code', label: 'Country', hint: 'As in your data, for example Peru.' })}
${field({ name: 'total_orders', label: 'Orders so far', unit: 'orders', hint: '0 or more.', attributes: 'inputmode="decimal"' })}
${day('first_order_ts', 'First order')}
${day('last_order_ts', 'Last order')}
</div>
</fieldset>
<fieldset class="choice" data-field="segment_name" id="voucher-segment_name" tabindex="-1" aria-describedby="voucher-segment_name-problem">
<legend>Segment them by</legend>
${SEGMENTATIONS.map(
  ({ value, label, says }, index) =>
    `<label class="option"><input type="radio" name="segment_name" value="${value}"${index ? '' : ' checked'}><span>${label}<small>${says}</small></span></label>`,
).join('\n')}
<p class="problem" id="voucher-segment_name-problem"></p>
</fieldset>
<div class="actions">
<button type="submit" class="main">Find the voucher</button>
<button type="button" class="quiet" id="voucher-example">Example</button>
</div>
</form>
<aside class="answer" aria-label="The voucher">
<div class="status" id="voucher-status" role="status"></div>
<div id="voucher-result"><p class="empty">The value appears here.</p></div>
</aside>
</div>
</section>`;
