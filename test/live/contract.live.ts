import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { finished, schemathesis } from '#test/live/schemathesis.ts';

const url = inject('url');
const token = inject('token');

/** What an answer may not do, whatever is asked. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
];

describe('what openapi.json promises', () => {
  let program: string;
  let folder: string;
  beforeAll(async () => {
    program = await schemathesis();
    folder = mkdtempSync(join(tmpdir(), 'presage-fuzz-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds for whatever a fuzzer thinks of: no 5xx, no answer that is not documented', async () => {
    // A body or a path that is too long is refused for that, and not for what is in it.
    writeFileSync(
      join(folder, 'schemathesis.toml'),
      '[checks.negative_data_rejection]\nexpected-statuses = [400, 401, 403, 404, 413, 415, 429, 431]\n',
    );
    const output = await finished(
      program,
      [
        ...['run', `${url}/openapi.json`, '--url', url, '--header', `authorization:Bearer ${token}`],
        // What the pipelines that are not deployed here answer is 503, as documented.
        ...['--include-path-regex', '(reorder|vouchers|health|openapi)'],
        // The same requests in every run; below the throttles, which are tested by themselves.
        ...['--checks', CHECKS.join(), '--max-examples', '60', '--seed', '1', '--rate-limit', '80/s'],
        ...['--phases', 'examples,coverage,fuzzing', '--workers', '1', '--no-color', '--continue-on-failure'],
        ...['--generation-database', 'none'],
      ],
      folder,
    );
    expect(output).toMatch(/No issues found|\d+ passed/);
  });
});
