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
  /** Calls the endpoint of a pipeline: a path for each that has one, with its name in the place of `{pipeline}`. */
  endpoint?: true;
  /** Those of its paths that are answered below `/page` as well, without a token, where the environment has a page. */
  page?: readonly string[];
}

/** What paths begin with that need no token because a page asks for them. They have a throttle of their own. */
export const PAGE = '/page';

/** The paths of a route: which pipelines each may be about, and whether it is the page's. */
export function pathsOf<P extends { name: string }>(
  { path, endpoint, page }: Route,
  pipelines: readonly P[],
  withPage: boolean,
): { path: string; pipelines: readonly P[]; open: boolean }[] {
  const paths = endpoint
    ? pipelines.map((one) => ({ path: path.replace('{pipeline}', one.name), pipelines: [one] }))
    : [{ path, pipelines }];
  return paths.flatMap((one) => [
    { ...one, open: false },
    ...(withPage && page?.includes(one.path) ? [{ ...one, path: `${PAGE}${one.path}`, open: true }] : []),
  ]);
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
    page: ['/vouchers'],
  },
  {
    folder: 'api-score',
    method: 'POST',
    path: '/{pipeline}/score',
    scope: { action: 'score' },
    dynamodb: [],
    endpoint: true,
    // What the page has a form for. Nobody else gets a model to ask without a token.
    page: ['/reorder/score'],
  },
  { folder: 'api-health', method: 'GET', path: '/health', dynamodb: [] },
  { folder: 'api-openapi', method: 'GET', path: '/openapi.json', dynamodb: [] },
];

/** Whether the page asks for a path: it is answered below `/page` too. */
export const onPage = (path: string): boolean => ROUTES.some(({ page }) => page?.includes(path));

/** Every handler of the API has this before its name; all other folders with a handler are steps of a machine. */
export const ROUTE_FOLDER = /^api-/;
