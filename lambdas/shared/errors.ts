/** Names that state machines, mails and `run.json` show. Everything else is a service's own error or a fault of ours. */
export type StepErrorName =
  | 'WrongInput'
  | 'RunInProgress'
  | 'SourcesRejected'
  | 'QueryFailed'
  | 'QualityRejected'
  | 'ValidationFailed'
  | 'EmrStepFailed'
  | 'EmrClusterFailed'
  | 'GlueJobFailed'
  | 'OutputMissing'
  | 'FeaturesMissing'
  | 'FeaturesDiffer'
  | 'NoModel'
  | 'ModelColumnsDiffer'
  | 'TrainingDataRejected'
  | 'NothingToPredict'
  | 'AutoMlFailed'
  | 'TrainingFailed'
  | 'ModelUnusable'
  | 'TransformFailed'
  | 'TransformIncomplete'
  | 'ModelNotAboveBaseline'
  | 'PredictionsRejected'
  | 'PushIncomplete'
  | 'EndpointNotUpdated'
  | 'OutputRejected'
  | 'JobTimedOut'
  | 'JobsNotStopped'
  | 'ServiceFault';

/** An error with a name the state machine can match and a message for people. */
export function stepError(name: StepErrorName, message: string, cause?: unknown): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  error.name = name;
  return error;
}

/** Whether an error has one of these names; SDK errors are recognised by name so that no client is imported for it. */
export const isNamed = (error: unknown, ...names: string[]): error is Error =>
  error instanceof Error && names.includes(error.name);
