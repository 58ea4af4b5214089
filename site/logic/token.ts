/** What a token says about itself. Nothing is checked here: the API does that. */
export interface TokenSays {
  /** Milliseconds since 1970. */
  expires?: number;
  /** Pipelines whose predictions it is good for. */
  reads: string[];
}

/** Of a JSON web token; undefined for any other text. `Bearer ` in front is what people copy along. */
export function tokenSays(token: string): TokenSays | undefined {
  const [, payload, signature] = token.split('.');
  if (!payload || !signature) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const { exp, scope } = JSON.parse(new TextDecoder().decode(bytes)) as { exp?: unknown; scope?: unknown };
    const scopes = typeof scope === 'string' ? scope.split(' ') : [];
    return {
      ...(typeof exp === 'number' ? { expires: exp * 1000 } : {}),
      reads: scopes.flatMap((one) => /^.+\/(.+)\.read$/.exec(one)?.[1] ?? []),
    };
  } catch {
    return undefined;
  }
}

export const bare = (text: string) => text.trim().replace(/^bearer\s+/i, '');

/** The token of an address's fragment, `#token=…`. */
export const tokenOf = (fragment: string): string | undefined => /^#token=([\w.~+/=-]+)$/.exec(fragment)?.[1];
