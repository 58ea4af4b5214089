/**
 * What every file of the page is sent with, on AWS by CloudFront and on the laptop by `presage up`. The page runs its own
 * scripts and styles from its own address and asks its own address; nothing inline, nothing from elsewhere, and nobody
 * else may frame it.
 */
export const SITE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  // The address may have had a token in it.
  'referrer-policy': 'no-referrer',
  // A browser heeds it over https only: the page of the laptop stays http.
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const satisfies Record<string, string>;

/** How long a browser may keep a file: those below `assets/` have the hash of their content in the name. */
export const cacheControlOf = (path: string): string =>
  /^\/?assets\//.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';
