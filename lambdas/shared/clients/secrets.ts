import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** One client per process: connections and credentials are reused by later invocations. */
export const secrets = new SecretsManagerClient({});
