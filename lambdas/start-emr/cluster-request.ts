import type { InstanceFleetConfig, RunJobFlowInput } from '@aws-sdk/client-emr';
import type { Run } from '#lambdas/shared/payload.ts';
import type { Settings } from '#lambdas/shared/settings.ts';
import { tagsOf } from '#lambdas/shared/tags.ts';
import { pipelineNames } from '#lib/names.ts';

/** EMR 7.12's default is Python 3.9; the scripts and Glue are on 3.11, which is there too. */
const PYTHON = '/usr/bin/python3.11';
/** A cluster that has nothing to do although its step has not ended. The cap on all of it is check-emr's. */
const IDLE_SECONDS = 600;
/** Spot capacity that is not there by then ends the cluster, and the next attempt begins. */
const SPOT_MINUTES = 10;

/** Unique for a run, loop and attempt: what a cluster is found by when the answer to its start was lost. */
export const clusterName = (run: Run, loop: string, attempt: number) =>
  `${pipelineNames({ name: run.environment }, run.pipeline).prefix}-${loop}-${run.execution}-${attempt}`;

/**
 * One transient cluster that runs one Spark application and ends with it.
 *
 * Fleets and not groups: a group waits for spot capacity for ever, a fleet gives up after a time, and it may take any
 * of the subnets. A switch to on-demand inside a cluster would act at first provisioning only, so the last attempt is
 * a cluster of its own on on-demand capacity; whatever a lost node held is in S3, never in HDFS. The driver runs on the
 * master, which is always on demand.
 */
export function clusterRequest(
  settings: Settings,
  run: Run,
  loop: string,
  attempt: number,
  requestUri: string,
): RunJobFlowInput {
  const { capacity, emr, pipeline, logBucket, scripts } = settings;
  if (!emr) throw new Error(`${pipeline} was deployed without EMR`);
  const spot = attempt < capacity.emr.attempts;
  return {
    Name: clusterName(run, loop, attempt),
    ReleaseLabel: emr.releaseLabel,
    Applications: [{ Name: 'Spark' }],
    LogUri: `s3://${logBucket}/emr/${pipeline}/`,
    ServiceRole: emr.serviceRoleArn,
    JobFlowRole: emr.instanceProfile,
    VisibleToAllUsers: true,
    ScaleDownBehavior: 'TERMINATE_AT_TASK_COMPLETION',
    AutoTerminationPolicy: { IdleTimeout: IDLE_SECONDS },
    Instances: {
      InstanceFleets: [
        fleet('MASTER', capacity.emr.masterInstanceType, 1, false),
        fleet('CORE', capacity.emr.coreInstanceType, capacity.emr.coreNodes, spot),
      ],
      Ec2SubnetIds: emr.subnetIds,
      EmrManagedMasterSecurityGroup: emr.securityGroups.master,
      EmrManagedSlaveSecurityGroup: emr.securityGroups.core,
      ServiceAccessSecurityGroup: emr.securityGroups.service,
      KeepJobFlowAliveWhenNoSteps: false,
      TerminationProtected: false,
      UnhealthyNodeReplacement: true,
    },
    Configurations: [
      {
        Classification: 'spark-env',
        Configurations: [{ Classification: 'export', Properties: { PYSPARK_PYTHON: PYTHON } }],
      },
      {
        Classification: 'spark-defaults',
        Properties: {
          'spark.pyspark.python': PYTHON,
          'spark.pyspark.driver.python': PYTHON,
          'spark.executorEnv.PYSPARK_PYTHON': PYTHON,
          'spark.sql.session.timeZone': 'UTC',
        },
      },
      { Classification: 'spark', Properties: { maximizeResourceAllocation: 'true' } },
    ],
    Steps: [
      {
        Name: `features of ${run.runDate}`,
        ActionOnFailure: 'TERMINATE_CLUSTER',
        HadoopJarStep: {
          Jar: 'command-runner.jar',
          Args: [
            'spark-submit',
            ...['--deploy-mode', 'client'],
            ...['--py-files', scripts.library],
            scripts.runQueries,
            ...['--request', requestUri],
          ],
        },
      },
    ],
    Tags: tagsOf(run),
  };
}

function fleet(type: 'MASTER' | 'CORE', InstanceType: string, nodes: number, spot: boolean): InstanceFleetConfig {
  return {
    Name: type.toLowerCase(),
    InstanceFleetType: type,
    InstanceTypeConfigs: [{ InstanceType, WeightedCapacity: 1 }],
    ...(spot
      ? {
          TargetSpotCapacity: nodes,
          LaunchSpecifications: {
            SpotSpecification: {
              TimeoutDurationMinutes: SPOT_MINUTES,
              TimeoutAction: 'TERMINATE_CLUSTER',
              AllocationStrategy: 'price-capacity-optimized',
            },
          },
        }
      : { TargetOnDemandCapacity: nodes }),
  };
}
