import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROUTE_FOLDER, ROUTES } from '#lambdas/shared/http/routes.ts';
import { isServiceFault, RETRYABLE_ERRORS } from '#lambdas/shared/retryable.ts';
import { getPipeline, requireEnv } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { STEPS } from '#lambdas/shared/steps.ts';
import { definePipeline } from '#lib/pipelines/pipeline.ts';
import { etlPayload, eventOf } from '#test/lambdas/support/world.ts';

const folder = new URL('../../lambdas/', import.meta.url);
const folders = readdirSync(folder).filter((name) => existsSync(new URL(`${name}/handler.ts`, folder)));

describe('the table of steps', () => {
  it('has every handler there is, once, and that of the routes those of the API', () => {
    const isRoute = (name: string) => ROUTE_FOLDER.test(name);
    expect(STEPS.map((one) => one.step).sort()).toEqual(folders.filter((name) => !isRoute(name)).sort());
    expect(ROUTES.map((one) => one.folder).sort()).toEqual(folders.filter(isRoute).sort());
  });

  it('grants nothing twice', () => {
    for (const { step: name, grants } of STEPS) expect([name, new Set(grants).size]).toEqual([name, grants.length]);
  });

  it('stays within what Lambda allows', () => {
    for (const { timeoutSeconds, memoryMb } of STEPS) {
      expect(timeoutSeconds).toBeLessThanOrEqual(900);
      expect(memoryMb).toBeGreaterThanOrEqual(128);
    }
  });
});

describe('a step', () => {
  const throwing = (error: unknown) => step(async () => Promise.reject(error))(eventOf(etlPayload()));

  it('gives a broken connection and a 5xx answer the one name that is retried', async () => {
    await expect(throwing(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).rejects.toMatchObject({
      name: 'ServiceFault',
    });
    await expect(
      throwing(Object.assign(new Error('oops'), { $metadata: { httpStatusCode: 503 } })),
    ).rejects.toMatchObject({ name: 'ServiceFault' });
    expect(RETRYABLE_ERRORS).toContain('ServiceFault');
  });

  it('leaves names alone that the state machine retries already', async () => {
    const error = Object.assign(new Error('slow'), { name: 'ThrottlingException', $metadata: { httpStatusCode: 503 } });
    await expect(throwing(error)).rejects.toBe(error);
  });

  it('does not have a denied call or a fault of ours retried', () => {
    const denied = Object.assign(new Error('no'), {
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403 },
    });
    expect(isServiceFault(denied)).toBe(false);
    expect(isServiceFault(new TypeError('undefined'))).toBe(false);
    expect(RETRYABLE_ERRORS as readonly string[]).not.toContain('AccessDeniedException');
  });
});

it('a variable that the construct forgot is named', () => {
  expect(() => requireEnv('NOT_THERE')).toThrow('The environment variable NOT_THERE is not set');
});

it('the pipeline of these tests is a valid definition', () => {
  const { queries: _, ...definition } = getPipeline();
  expect(definePipeline(definition)).toEqual(definition);
});
