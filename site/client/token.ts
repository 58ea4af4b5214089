import { byId, element, focused } from '#site/client/dom.ts';
import { bare, tokenOf, tokenSays } from '#site/logic/token.ts';

/** The token of the look-up: in this variable, and nowhere else. */
export class Token {
  private value: string | undefined;
  private readonly input = byId<HTMLInputElement>('token-value');

  constructor() {
    const given = tokenOf(location.hash);
    // Out of the address, and so out of the history, before anything else happens.
    if (location.hash.startsWith('#token=')) history.replaceState(null, '', location.pathname + location.search);
    if (given) this.use(given, 'A token came with the address.');
    addEventListener('hashchange', () => {
      const later = tokenOf(location.hash);
      if (location.hash.startsWith('#token=')) history.replaceState(null, '', location.pathname + location.search);
      if (later) this.use(later, 'A token came with the address.');
    });
    byId('token-use').addEventListener('click', () => this.take());
    this.input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.take();
    });
  }

  /** The token; when there is none, what has been typed is taken, or else the person is asked for one. */
  get(): string | undefined {
    if (!this.value) this.take();
    return this.value;
  }

  /** It was of no use. */
  refused(why: string): void {
    this.forget();
    this.wrong(why);
  }

  private take(): void {
    const text = bare(this.input.value);
    if (!text) this.wrong('A token is needed: paste one here.');
    else if (/[^\x21-\x7e]/.test(text)) this.wrong('This is no token: it has characters that none has.');
    else this.use(text, 'The token is used.');
  }

  private use(token: string, says: string): void {
    const { expires, reads = [] } = tokenSays(token) ?? {};
    if (expires !== undefined && expires < Date.now()) {
      this.input.value = '';
      this.wrong('The token has expired: use a new one.');
      return;
    }
    this.value = token;
    this.input.value = '';
    this.right();
    byId('token').hidden = true;
    const until =
      expires === undefined ? '' : ` Good until ${new Date(expires).toLocaleTimeString('en', { timeStyle: 'short' })}.`;
    const what = reads.length ? ` It reads ${reads.join(', ')}.` : '';
    const forget = element('button', { type: 'button', class: 'quiet' }, 'Forget it');
    forget.addEventListener('click', () => {
      this.forget();
      this.input.focus();
    });
    byId('token-state').replaceChildren(
      element('p', {}, `${says} It is in this tab’s memory only.${what}${until}`),
      forget,
    );
  }

  private forget(): void {
    this.value = undefined;
    byId('token').hidden = false;
    byId('token-state').replaceChildren();
  }

  private wrong(why: string): void {
    this.forget();
    this.input.setAttribute('aria-invalid', 'true');
    this.input.closest('.field')?.classList.add('wrong');
    byId('token-value-problem').textContent = why;
    focused(this.input);
    this.input.tabIndex = 0;
  }

  private right(): void {
    this.input.removeAttribute('aria-invalid');
    this.input.closest('.field')?.classList.remove('wrong');
    byId('token-value-problem').textContent = '';
  }
}
