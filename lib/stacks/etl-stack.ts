import type { Construct } from 'constructs';
import { EmrPlatform } from '#lib/constructs/emr-platform.ts';
import { EtlMachine } from '#lib/constructs/etl-machine.ts';
import { KillWatch } from '#lib/constructs/kill-watch.ts';
import { EtlTables } from '#lib/constructs/pipeline-tables.ts';
import { RunSchedule } from '#lib/constructs/run-schedule.ts';
import { SparkJob } from '#lib/constructs/spark-job.ts';
import { PipelineStack, type PipelineStackProps } from '#lib/stacks/pipeline-stack.ts';

/** Raw tables to published tables, for one pipeline in one environment. */
export class EtlStack extends PipelineStack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, 'etl', 'from raw tables to published ones', props);
    const { environment, override, pipeline } = props;
    const { lake, names, sources, engines } = this;

    new EtlTables(this, 'Tables', { pipeline, lake, sources });
    const runQueries = this.script('emr-steps/run_queries.py');
    const library = this.script('emr-steps/library');

    const emr = engines.has('emr')
      ? new EmrPlatform(this, 'Emr', {
          environment,
          pipeline: pipeline.name,
          lake,
          scripts: [runQueries, library],
          sources,
        })
      : undefined;
    if (engines.has('glue'))
      new SparkJob(this, 'Queries', {
        jobName: names.queriesJob,
        description: `Feature queries of ${pipeline.name}`,
        script: runQueries,
        library,
        workerType: override.capacity.glue.workerType,
        workers: override.capacity.glue.workers,
        timeoutMinutes: 120,
        lake,
        pipeline: pipeline.name,
        sources,
      });

    // What a pipeline without a model serves is one of these tables.
    if (pipeline.predictions && !pipeline.model) this.push(library);

    const steps = this.stepLambdas({
      scripts: { runQueries: runQueries.s3ObjectUrl, library: library.s3ObjectUrl },
      sagemakerRoleArn: '',
      emr: emr?.settings ?? null,
    });
    const { machine } = new EtlMachine(this, 'Machine', {
      machineName: names.etlMachine,
      retentionDays: environment.retentionDays,
      functionOf: (step) => steps.of(step),
      pipeline,
      ...(override.engine ? { engine: override.engine } : {}),
      capacity: override.capacity,
    });
    new KillWatch(this, 'KillWatch', { machine, onExecutionEnd: steps.of('on-execution-end').fn });
    new RunSchedule(this, 'Schedule', {
      prefix: names.prefix,
      schedule: pipeline.schedule,
      enabled: override.scheduled,
      then: pipeline.model ? 'ml' : 'none',
      machine,
      watchdog: steps.of('watchdog').fn,
      alerts: this.lake.alerts,
    });
  }
}
