import { readFileSync } from 'node:fs';
import { route } from '#lambdas/shared/http/route.ts';
import { requireEnv } from '#lambdas/shared/settings.ts';

interface Contract {
  components: { securitySchemes: { token: { flows: { clientCredentials: { tokenUrl: string } } } } };
}

let contract: Contract | undefined;

/** `GET /openapi.json`: made with the templates (lib/serving/openapi.ts); only the account's own address is filled in. */
export const handler = route('openapi', async () => {
  contract ??= read();
  return contract;
});

function read(): Contract {
  const file = new URL(process.env.OPENAPI_FILE ?? 'openapi.json', import.meta.url);
  const made = JSON.parse(readFileSync(file, 'utf8')) as Contract;
  made.components.securitySchemes.token.flows.clientCredentials.tokenUrl = requireEnv('TOKEN_URL');
  return made;
}
