import { type Asked, ask } from '#site/client/api.ts';
import { byId, element, focused } from '#site/client/dom.ts';
import type { Outcome } from '#site/logic/answers.ts';

/**
 * Where a part of the page says what it is doing. The place is announced by screen readers as it changes; what went wrong
 * gets the focus as well, since the person has to do something.
 */
export class Status {
  private readonly place: HTMLElement;
  private running: AbortController | undefined;

  constructor(part: string) {
    this.place = byId(`${part}-status`);
  }

  /** Asks the API in the name of this part; a question asked before is given up. */
  async ask(says: string, question: Omit<Asked, 'signal' | 'onWait'>): Promise<Outcome> {
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    this.busy(says, mine);
    const outcome = await ask({ ...question, signal: mine.signal, onWait: (text) => this.busy(text, mine) });
    if (this.running !== mine) return { kind: 'stopped' };
    this.running = undefined;
    this.clear();
    if (outcome.kind === 'stopped') this.say('Stopped.');
    return outcome;
  }

  say(text: string): void {
    this.place.replaceChildren(element('p', { class: 'said' }, text));
  }

  /** Nothing is broken: there is just no answer. */
  none(text: string): void {
    this.place.replaceChildren(this.shown('notice', text));
    this.refocus();
  }

  fail(text: string): void {
    this.place.replaceChildren(this.shown('failure', text));
    this.refocus();
  }

  clear(): void {
    this.place.replaceChildren();
  }

  /** Gives up what is running. */
  stop(): void {
    this.running?.abort();
    this.running = undefined;
    this.clear();
  }

  private shown(kind: string, text: string): HTMLElement {
    return element('div', { class: kind }, element('p', {}, text));
  }

  private refocus(): void {
    const [first] = this.place.children;
    if (first instanceof HTMLElement) focused(first);
  }

  private busy(text: string, mine: AbortController): void {
    const stop = element('button', { type: 'button', class: 'quiet' }, 'Stop');
    stop.addEventListener('click', () => mine.abort());
    this.place.replaceChildren(
      element(
        'div',
        { class: 'busy' },
        element('span', { class: 'spinner', 'aria-hidden': 'true' }),
        element('p', {}, text),
        stop,
      ),
    );
  }
}
