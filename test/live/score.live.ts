import { describe, expect, it } from 'vitest';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import { ask, contentOf } from '#test/live/client.ts';
import { scoredRow } from '#test/live/rows.ts';

describe('a row that is scored over HTTP', () => {
  it('gets the answer that batch transform has pushed for it, by the same model, in either form', async () => {
    const { path, line, row } = await scoredRow();
    const pushed = contentOf(await ask(path));
    const answer = {
      pipeline: 'reorder',
      model: pushed.model,
      prediction: pushed.prediction,
      threshold: reorder.model?.threshold,
    };
    expect(contentOf(await ask('/reorder/score', { body: row }))).toEqual(answer);
    expect(contentOf(await ask('/reorder/score', { body: line, type: 'text/csv' }))).toEqual(answer);
    expect(contentOf(await ask('/page/reorder/score', { body: row, authorization: '' }))).toEqual(answer);
  });
});
