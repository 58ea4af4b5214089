import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPipelines } from '#lib/pipelines/index.ts';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import { cacheControlOf, SITE_HEADERS } from '#lib/serving/site-headers.ts';
import { buildSite, firstLoad } from '#site/build.ts';
import { pageData, scoreForm } from '#site/page-data.ts';
import { REORDER_FEATURES } from '#site/reorder-features.ts';

const KB = 1024;

let folder: string;
let html: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'presage-site-'));
  await buildSite(folder);
  html = readFileSync(join(folder, 'index.html'), 'utf8');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the built page', () => {
  it('loads fewer than 20 KB at first, compressed', () => {
    const bytes = firstLoad(folder).reduce((sum, file) => sum + gzipSync(file).length, 0);
    expect(firstLoad(folder)).toHaveLength(4);
    expect(bytes).toBeLessThan(20 * KB);
  });

  it('has no script and no style in it that its own headers would refuse', () => {
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
    expect([...html.matchAll(/<script\b[^>]*>(.*?)<\/script>/gs)].map(([, inline]) => inline)).toEqual(['']);
    expect(SITE_HEADERS['content-security-policy']).not.toMatch(/unsafe|https?:|\*|data:|blob:/);
  });

  it('asks for nothing from elsewhere', () => {
    for (const file of readdirSync(join(folder, 'assets')))
      expect(
        readFileSync(join(folder, 'assets', file), 'utf8').replaceAll('http://www.w3.org/2000/svg', ''),
      ).not.toMatch(/https?:\/\/|url\(|@import/);
    expect(html).not.toMatch(/https?:\/\//);
  });

  it('never puts text in as markup', () => {
    const [script] = readdirSync(join(folder, 'assets')).filter((file) => file.endsWith('.js'));
    expect(readFileSync(join(folder, 'assets', script ?? ''), 'utf8')).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|localStorage|sessionStorage|document\.cookie/,
    );
  });

  it('has every feature with a label, a hint and a place for a problem', () => {
    for (const { name } of pageData({ reorder }).score.features) {
      expect(html).toContain(`<label for="score-${name}">`);
      expect(html).toContain(`aria-describedby="score-${name}-hint score-${name}-problem"`);
    }
  });

  it('has no id twice', () => {
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('offers every pipeline with predictions for the look-up', async () => {
    const { lookUps } = pageData(await loadPipelines());
    expect(lookUps.map(({ pipeline }) => pipeline)).toEqual([
      'reorder',
      'buyer-stage',
      'conversion-rate',
      'propensity',
      'vouchers',
    ]);
  });

  it('is the same when nothing changed, and leaves nothing of a former build', async () => {
    const before = readdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'assets/main-OLD.js'), '');
    await buildSite(folder);
    expect(readdirSync(join(folder, 'assets'))).toEqual(before);
    expect(readFileSync(join(folder, 'index.html'), 'utf8')).toBe(html);
  });

  it('is asked for anew each time, and what it loads never', () => {
    expect(cacheControlOf('/index.html')).toBe('no-cache');
    expect(cacheControlOf('assets/main-ABC.js')).toContain('immutable');
  });
});

describe('what is said of the features', () => {
  const { features } = scoreForm(reorder, REORDER_FEATURES);

  it('is said of those of the definition, in its order', () => {
    expect(features.map(({ name }) => name)).toEqual(reorder.model?.features);
    const { up_orders: _, ...others } = REORDER_FEATURES;
    expect(() => scoreForm(reorder, others)).toThrow('reorder: the feature up_orders is not described');
    expect(() => scoreForm(reorder, { ...REORDER_FEATURES, gone: others.up_first_order as never })).toThrow(
      'reorder: gone: described for the page and no feature',
    );
  });

  it('calls unknown what the query for the model does', () => {
    const sql = readFileSync(join(import.meta.dirname, '../../lib/pipelines/reorder/sql/inference.sql'), 'utf8');
    const unknown = [...sql.matchAll(/COALESCE\(result\.(\w+), -1/g)].map(([, name]) => name);
    expect(
      features
        .filter(({ mayBeUnknown }) => mayBeUnknown)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(unknown.sort());
  });

  it('has examples that agree with each other and are usual', () => {
    for (const index of [0, 1] as const) {
      const value = Object.fromEntries(features.map(({ name, examples }) => [name, examples[index]])) as Record<
        string,
        number
      >;
      const of = (name: string) => value[name] ?? Number.NaN;
      expect(of('up_order_rate')).toBeCloseTo(of('up_orders') / of('user_orders'), 3);
      expect(of('user_average_basket')).toBeCloseTo(of('user_total_products') / of('user_orders'), 3);
      expect(of('up_orders_since_last_order')).toBe(of('user_orders') - of('up_last_order'));
      expect(of('up_order_rate_since_first_order')).toBeCloseTo(
        of('up_orders') / (of('user_orders') - of('up_first_order') + 1),
        3,
      );
      for (const { name, usual, whole } of features) {
        expect(of(name)).toBeGreaterThanOrEqual(usual[0]);
        expect(of(name)).toBeLessThanOrEqual(usual[1]);
        if (whole) expect(Number.isInteger(of(name)), name).toBe(true);
      }
    }
  });
});
