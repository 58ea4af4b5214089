import reorder from '#lib/pipelines/reorder/pipeline.ts';

/** A row of features for the model of reorder: by name, and as the line of its values in the model's order. */
export function reorderRow(): { row: Record<string, number>; line: string } {
  const features = reorder.model?.features ?? [];
  const row = Object.fromEntries(features.map((name) => [name, 1]));
  return { row, line: Object.values(row).join() };
}
