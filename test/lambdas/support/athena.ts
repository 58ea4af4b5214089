/** An answer of GetQueryResults: the first row repeats the names, null is nothing. */
export function resultOf(rows: Record<string, string | number | null>[]) {
  const names = Object.keys(rows[0] ?? { nothing: '' });
  const row = (values: (string | number | null | undefined)[]) => ({
    Data: values.map((value) => (value == null ? {} : { VarCharValue: String(value) })),
  });
  return { ResultSet: { Rows: [row(names), ...rows.map((one) => row(names.map((name) => one[name])))] } };
}
