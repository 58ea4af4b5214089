import { join } from 'node:path';

/** Variables of a person's shell that would lead requests elsewhere than to 127.0.0.1. */
const LEADING_ELSEWHERE = /^(AWS_|CDK_|(https?|all|no)_proxy$)/i;

/** What is known of a running local cloud, whichever process has started it. */
export interface Whereabouts {
  endpoint: string;
  /** Folder of the mails that would have been sent. */
  outbox: string;
  log: string;
  /** The folder that keeps its data. */
  state: string;
  region: string;
}

/** The variables that lead the SDK and the CDK of a child process to this cloud and nowhere else. */
export function envOf({ endpoint, region, state }: Whereabouts): NodeJS.ProcessEnv {
  return {
    ...neutralEnv(),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_HOME: join(state, 'cdk-home'), // it remembers accounts by access key: never mix with a person's own
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
}

/** This process's environment without what would lead a client to AWS or through a proxy. */
export function neutralEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !LEADING_ELSEWHERE.test(name)));
}
