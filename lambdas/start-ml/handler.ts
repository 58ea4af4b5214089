import { createHash } from 'node:crypto';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { sfn } from '#lambdas/shared/clients/sfn.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import type { EtlPayload, Run, StartInput } from '#lambdas/shared/payload.ts';
import { releaseLock } from '#lambdas/shared/run-table.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';

/**
 * Starts the ML machine if the input asks for it. From here and not by an event, because events are best effort.
 *
 * The name is made of this execution, so a retried step starts nothing twice. The pipeline is given back first: the
 * ML machine takes it.
 */
export const handler = step<EtlPayload, EtlPayload>(async (payload, { run }) => {
  if (payload.start.then !== 'ml' || !getPipeline().model) return payload;
  const { mlMachineArn } = getSettings();
  const { train = 'auto', predict, parameters } = payload.start;
  const input: StartInput = {
    runDate: run.runDate,
    train,
    ...(predict === undefined ? {} : { predict }),
    ...(parameters ? { parameters } : {}),
  };
  const name = mlExecutionName(run);
  await releaseLock(run.executionArn);
  try {
    await sfn.send(new StartExecutionCommand({ stateMachineArn: mlMachineArn, name, input: JSON.stringify(input) }));
  } catch (error) {
    if (!isNamed(error, 'ExecutionAlreadyExists')) throw error;
  }
  return { ...payload, mlExecution: `${mlMachineArn.replace(':stateMachine:', ':execution:')}:${name}` };
});

/** At most 80 characters, and unique for 90 days. */
const mlExecutionName = ({ runDate, executionArn }: Run) =>
  `${runDate}-after-etl-${createHash('sha256').update(executionArn).digest('hex').slice(0, 16)}`;
