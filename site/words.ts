/** What columns of predictions are called on the page; others are called by their name, without the underscores. */
const LABELS: Record<string, string> = {
  user_id: 'Customer',
  member_id: 'Member',
  product_id: 'Product',
  entity_id: 'Keyword entity',
  country_code: 'Country',
  segment_name: 'Segmentation',
  proba: 'Probability',
  cr: 'Conversion rate',
  will_reorder: 'Buys it again',
  predicted_week: 'Week from',
  voucher_amount: 'Voucher value',
  share: 'Share of events',
};

export function labelOf(column: string): string {
  const text = LABELS[column] ?? column.replaceAll('_', ' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
