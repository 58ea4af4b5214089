import { byId, element, focused } from '#site/client/dom.ts';
import { counted } from '#site/logic/format.ts';
import type { Problem } from '#site/logic/values.ts';

/** The fields of one form: where problems are told, and that they go away when somebody mends them. */
export class Fields {
  private readonly form: string;
  private readonly root: HTMLElement;
  private readonly summary: HTMLElement;

  constructor(form: string, root: HTMLElement = byId(`${form}-form`)) {
    this.form = form;
    this.root = root;
    this.summary = byId(`${form}-summary`);
    root.addEventListener('input', ({ target }) => this.mended(target as HTMLElement));
  }

  input(name: string): HTMLInputElement | undefined {
    return (document.getElementById(`${this.form}-${name}`) as HTMLInputElement | null) ?? undefined;
  }

  text = (name: string) => this.input(name)?.value ?? '';

  /** Each problem at its field, all of them in a list with links, and the focus there. */
  tell(problems: readonly Problem[], message?: string): void {
    this.clear();
    for (const { field, message: problem } of problems) {
      const input = this.input(field);
      if (!input) continue;
      input.setAttribute('aria-invalid', 'true');
      this.line(field).textContent = sentence(this.labelOf(field), problem);
      input.closest('.field, .choice')?.classList.add('wrong');
    }
    const title = message ?? `${counted(problems.length, 'field')} to look at`;
    this.summary.replaceChildren(
      element('h3', {}, title),
      element('ul', {}, ...problems.map((problem) => element('li', {}, this.entry(problem)))),
    );
    this.summary.hidden = false;
    focused(this.summary);
  }

  /** A remark at a field that nobody has to act on. */
  remark(field: string, text: string | undefined): void {
    const input = this.input(field);
    if (!input || input.getAttribute('aria-invalid')) return;
    this.line(field).textContent = text ?? '';
    input.closest('.field')?.classList.toggle('odd', text !== undefined);
  }

  clear(): void {
    for (const input of this.root.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
    for (const field of this.root.querySelectorAll('.wrong, .odd')) {
      field.classList.remove('wrong', 'odd');
      const line = field.querySelector('.problem');
      if (line) line.textContent = '';
    }
    this.summary.hidden = true;
    this.summary.replaceChildren();
  }

  private entry({ field, message }: Problem): Node {
    const input = this.input(field);
    const text = sentence(input ? this.labelOf(field) : field, message);
    if (!input) return document.createTextNode(text);
    const link = element('a', { href: `#${input.id}` }, text);
    link.addEventListener('click', (event) => {
      event.preventDefault();
      input.focus();
    });
    return link;
  }

  private labelOf(field: string): string {
    const input = this.input(field);
    const label = input instanceof HTMLFieldSetElement ? input.querySelector('legend') : input?.labels?.[0];
    return label?.textContent ?? field;
  }

  private line(field: string): HTMLElement {
    return byId(`${this.form}-${field}-problem`);
  }

  private mended(target: HTMLElement): void {
    const field = target.closest('.wrong');
    if (!field) return;
    for (const input of [field, ...field.querySelectorAll('[aria-invalid]')]) input.removeAttribute('aria-invalid');
    field.classList.remove('wrong');
    const line = field.querySelector('.problem');
    if (line) line.textContent = '';
  }
}

/** `Orders`, `is missing` → `“Orders” is missing.`; whole sentences stay. */
const sentence = (label: string, message: string) =>
  /^[a-z]/.test(message) ? `“${label}” ${message}${message.endsWith('.') ? '' : '.'}` : `${label}: ${message}`;
