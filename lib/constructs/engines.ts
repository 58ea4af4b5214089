import type { CompiledPipeline, Engine, Pipeline } from '#lib/pipelines/pipeline.ts';

/** What runs each table's query: the environment's word, then the table's, then the pipeline's. */
export function enginesOf(pipeline: Pick<Pipeline, 'engine' | 'tables'>, override?: Engine): Record<string, Engine> {
  return Object.fromEntries(
    Object.entries(pipeline.tables).map(([name, table]) => [name, override ?? table.engine ?? pipeline.engine]),
  );
}

/** Tables in an order in which each reads only tables of earlier levels. */
export function levels(pipeline: Pick<CompiledPipeline, 'name' | 'tables' | 'queries'>): string[][] {
  const result: string[][] = [];
  const done = new Set<string>();
  let left = Object.keys(pipeline.tables);
  while (left.length) {
    const ready = left.filter((table) => (pipeline.queries[table]?.tables ?? []).every((read) => done.has(read)));
    if (!ready.length)
      throw new Error(`${pipeline.name}: these tables read each other in a circle: ${left.join(', ')}`);
    for (const table of ready) done.add(table);
    result.push(ready);
    left = left.filter((table) => !done.has(table));
  }
  return result;
}
