/**
 * What a step may do, in words; the constructs turn each into policy statements limited to one pipeline's own things.
 * Derived from the calls the handlers make: a grant that no call needs does not belong here.
 */
export type Grant =
  | 'readRaw'
  | 'readCurated'
  | 'writeCurated'
  | 'readSandbox'
  | 'writeSandbox'
  | 'runTable'
  | 'athena'
  | 'glueCatalogRead'
  | 'glueCatalogWrite'
  | 'glueJobs'
  | 'emr'
  | 'automl'
  | 'training'
  | 'models'
  | 'modelCode'
  | 'transform'
  | 'updateEndpoint'
  | 'watchEndpoint'
  | 'removeEndpoint'
  | 'publishAlerts'
  | 'publishAnnouncements'
  | 'slackSecret'
  | 'startMl'
  | 'describeExecutions'
  | 'stopJobs'
  | 'findJobs';

export interface StepDefinition {
  /** Folder below `lambdas/`. */
  step: string;
  timeoutSeconds: number;
  memoryMb: number;
  grants: readonly Grant[];
}

const define = (step: string, grants: Grant[], timeoutSeconds = 60, memoryMb = 256): StepDefinition => ({
  step,
  timeoutSeconds,
  memoryMb,
  grants,
});

/** Athena reads the catalogue and the data as whoever starts the query. */
const READ_LAKE: Grant[] = ['glueCatalogRead', 'readRaw', 'readCurated'];

/** Every Lambda function there is. */
export const STEPS: readonly StepDefinition[] = [
  // Both machines
  define('resolve-run', ['runTable', 'describeExecutions']),
  // Starting a query also points the partition it reads (scores) and names where UNLOAD writes.
  define('start-query', [
    'athena',
    ...READ_LAKE,
    'glueCatalogWrite',
    'readSandbox',
    'writeSandbox',
    'writeCurated',
    'runTable',
  ]),
  define('check-query', ['athena', 'runTable']),
  // The manifest says where earlier predictions are, for a query that reads them.
  define('start-glue', ['glueJobs', 'readCurated', 'writeSandbox', 'runTable']),
  define('check-glue', ['glueJobs', 'readSandbox', 'runTable']),
  define('finish', ['runTable', 'writeSandbox']),
  // Streams and compresses a query's result.
  define('write-output', ['athena', 'writeSandbox'], 900, 1024),
  define('announce', ['publishAnnouncements', 'slackSecret']),
  define('stop-jobs', ['runTable', 'stopJobs', 'findJobs'], 120),
  define('notify', ['publishAlerts', 'slackSecret', 'runTable']),
  define(
    'on-execution-end',
    ['runTable', 'describeExecutions', 'stopJobs', 'findJobs', 'publishAlerts', 'slackSecret'],
    120,
  ),
  define('watchdog', ['runTable', 'publishAlerts', 'slackSecret']),

  // ETL
  // Streams every CSV object once; the processor a function gets grows with its memory.
  define('inspect-sources', ['readRaw', 'writeSandbox', 'glueCatalogWrite'], 900, 1769),
  define('check-sources', ['athena', 'readSandbox']),
  define('start-emr', ['emr', 'writeSandbox', 'runTable']),
  define('check-emr', ['emr', 'readSandbox', 'runTable']),
  define('stage-tables', ['glueCatalogWrite', 'readCurated', 'readSandbox'], 300, 512),
  define('check-quality', ['athena', 'readCurated']),
  define('check-validation', ['athena']),
  define('publish', ['glueCatalogWrite', 'readCurated', 'readSandbox', 'writeCurated'], 300),
  define('start-ml', ['startMl', 'runTable']),

  // ML
  define('check-features', ['readCurated', 'readRaw']),
  define('choose-model', ['runTable', 'models']),
  define('check-training-data', ['readSandbox']),
  define('start-automl', ['automl', 'runTable']),
  define('check-automl', ['automl', 'runTable']),
  // Puts the code of the model beside its data, where the model finds it as long as there is the model.
  define('start-training-job', ['training', 'modelCode', 'writeCurated', 'runTable']),
  define('check-training-job', ['training', 'runTable']),
  define('create-model', ['models']),
  define('start-transform', ['transform', 'runTable']),
  define('check-transform', ['transform', 'runTable']),
  define('evaluate', ['athena', 'runTable']),
  define('check-predictions', ['athena', ...READ_LAKE, 'readSandbox'], 300, 512),
  define('check-push', ['readSandbox', 'glueCatalogWrite']),
  define('update-endpoint', ['updateEndpoint', 'runTable']),
  define('check-endpoint', ['watchEndpoint', 'runTable']),
  // Waits for an update that is under way.
  define('remove-endpoint', ['removeEndpoint'], 900),
];
