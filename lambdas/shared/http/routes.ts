/** What a token's scope allows to do with a pipeline: `presage/<pipeline>.<action>`. */
export type Action = 'read' | 'score';

export interface Route {
  /** Folder below `lambdas/`. */
  folder: string;
  method: 'GET' | 'POST';
  path: string;
  /** What a token has to allow, for the pipeline of the path or the one named; undefined: open to everybody. */
  scope?: { action: Action; pipeline?: string };
  /** Calls to the tables of those pipelines, and to nothing else. */
  dynamodb: readonly ('GetItem' | 'BatchGetItem' | 'Query')[];
}

/** Every route of the API, one handler each. The two without a scope answer what anybody may know. */
export const ROUTES: readonly Route[] = [
  {
    folder: 'api-prediction',
    method: 'GET',
    path: '/predictions/{pipeline}/{key+}',
    scope: { action: 'read' },
    dynamodb: ['GetItem', 'Query'],
  },
  {
    folder: 'api-predictions-batch',
    method: 'POST',
    path: '/predictions/{pipeline}',
    scope: { action: 'read' },
    dynamodb: ['BatchGetItem'],
  },
  {
    folder: 'api-voucher',
    method: 'POST',
    path: '/vouchers',
    scope: { action: 'read', pipeline: 'vouchers' },
    dynamodb: ['GetItem', 'Query'],
  },
  { folder: 'api-health', method: 'GET', path: '/health', dynamodb: [] },
  { folder: 'api-openapi', method: 'GET', path: '/openapi.json', dynamodb: [] },
];

/** Every handler of the API has this before its name; all other folders with a handler are steps of a machine. */
export const ROUTE_FOLDER = /^api-/;
