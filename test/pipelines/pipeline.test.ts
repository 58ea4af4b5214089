import { describe, expect, it } from 'vitest';
import { environments } from '#lib/environments.ts';
import { jobName, pipelineNames } from '#lib/names.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { definePipeline } from '#lib/pipelines/pipeline.ts';
import { refusal, sound } from './fixture.ts';

describe('a definition', () => {
  it('is accepted when it is sound, and its defaults are filled in', () => {
    const pipeline = definePipeline(sound());
    expect(pipeline.model?.mode).toBe('ENSEMBLING');
    expect(pipeline.sources.visits?.columns.day).toEqual({ type: 'date' });
    expect(pipeline.schedule.days).toBe('daily');
  });

  it('is refused with the path of the field, and a name that is close', () => {
    const message = refusal((d) => {
      d.quality = [{ rule: 'notNull', table: 'features', column: 'visit' }];
    });
    expect(message).toContain("churn: quality[0].column: 'visit' is no column of features (did you mean visits?)");
  });

  it('is refused with all its problems at once', () => {
    const message = refusal((d) => {
      d.schedule.at = '25:00';
      (d.sources.visits as { engine?: string; format: string }).format = 'xml';
    });
    expect(message).toContain('has 2 problem(s)');
    expect(message).toContain('churn: schedule.at: use HH:MM');
    expect(message).toContain('churn: sources.visits.format:');
  });
});

describe('every pipeline in every environment', () => {
  it('has job names that SageMaker takes: at most 32 characters, and not two alike', async () => {
    const names = Object.keys(await loadPipelines()).flatMap((pipeline) =>
      Object.keys(environments).flatMap((environment) =>
        ['automl', 'transform-holdout', 'transform-inference'].map((step) =>
          jobName(environment, pipeline, '2026-11-20-20261121T110430Z-k3f9', step, 9),
        ),
      ),
    );
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(32);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
  });

  it('has names of machines and functions that AWS takes', async () => {
    for (const pipeline of Object.keys(await loadPipelines()))
      for (const environment of Object.keys(environments)) {
        const { etlMachine, mlMachine } = pipelineNames({ name: environment }, pipeline);
        expect(`${etlMachine}-check-training-data`.length).toBeLessThanOrEqual(64);
        expect(mlMachine.length).toBeLessThanOrEqual(80);
      }
  });
});
