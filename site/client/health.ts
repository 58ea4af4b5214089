import { ask } from '#site/client/api.ts';
import { byId } from '#site/client/dom.ts';

const AGAIN_MS = 15_000;

/** Says whether the API answers: at the start, and again while it does not and somebody is looking. */
export async function watchHealth(): Promise<void> {
  const place = byId('health');
  const text = byId('health-text');
  const outcome = await ask({ path: '/health', signal: new AbortController().signal });
  const up = outcome.kind === 'done';
  const { environment } = (up ? outcome.content : {}) as { environment?: string };
  place.dataset.state = up ? 'up' : 'down';
  text.textContent = up ? `Connected${environment ? ` to ${environment}` : ''}` : 'The API does not answer';
  if (up) return;
  setTimeout(() => {
    if (document.visibilityState === 'visible') return void watchHealth();
    document.addEventListener('visibilitychange', () => void watchHealth(), { once: true });
  }, AGAIN_MS);
}
