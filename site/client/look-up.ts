import { byId, element, focused } from '#site/client/dom.ts';
import { Fields } from '#site/client/form.ts';
import { type Found, listOf, tableOf } from '#site/client/predictions.ts';
import { Status } from '#site/client/status.ts';
import type { Token } from '#site/client/token.ts';
import { PAGE_ROWS, type Query, queryOf } from '#site/logic/look-up.ts';
import type { LookUp } from '#site/page-data.ts';

interface Rows {
  predictions?: Found[];
  next?: string;
}

/** Stored predictions of any pipeline, by key. */
export function lookUpPart(token: Token): void {
  const form = byId<HTMLFormElement>('look-up-form');
  const choice = byId<HTMLSelectElement>('look-up-pipeline');
  const fields = new Fields('look-up');
  const status = new Status('look-up');
  const result = byId('look-up-result');
  const chosen = () => PAGE.lookUps.find(({ pipeline }) => pipeline === choice.value) ?? (PAGE.lookUps[0] as LookUp);

  choice.addEventListener('change', keyFields);
  keyFields();

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const lookUp = chosen();
    const query = queryOf(lookUp, fields.text);
    if ('problems' in query) return fields.tell(query.problems);
    fields.clear();
    void find(lookUp, query, []);
  });

  function keyFields(): void {
    const { asks, key } = chosen();
    status.stop();
    fields.clear();
    result.replaceChildren();
    byId('look-up-asks').textContent = asks;
    byId('look-up-key').replaceChildren(
      ...key.map(({ name, label, type }, index) => {
        const id = `look-up-${name}`;
        const numeric = type === 'bigint' || type === 'integer';
        const optional = index > 0;
        return element(
          'div',
          { class: 'field', 'data-field': name },
          element('label', { for: id }, label),
          element(
            'p',
            { class: 'hint', id: `${id}-hint` },
            `${numeric ? 'A whole number.' : 'As in your data.'}${optional ? ' Leave it out for all of them.' : ''} `,
            element('code', {}, name),
          ),
          element(
            'div',
            { class: 'control' },
            element('input', {
              id,
              name,
              type: 'text',
              autocomplete: 'off',
              spellcheck: 'false',
              inputmode: numeric ? 'numeric' : undefined,
              'aria-describedby': `${id}-hint ${id}-problem`,
            }),
          ),
          element('p', { class: 'problem', id: `${id}-problem` }),
        );
      }),
    );
  }

  /** `pages` are the marks of the pages before the one asked for, the last of them its own. */
  async function find(lookUp: LookUp, query: Query, pages: string[]): Promise<void> {
    const own = token.get();
    if (!own) return;
    const after = pages.at(-1);
    const rows = `?limit=${PAGE_ROWS}${after ? `&after=${encodeURIComponent(after)}` : ''}`;
    const outcome = await status.ask('Looking it up …', {
      path: query.kind === 'list' ? query.path + rows : query.path,
      ...(query.kind === 'batch' ? { body: query.body } : {}),
      token: own,
    });
    if (outcome.kind === 'stopped') return;
    result.replaceChildren();
    if (outcome.kind === 'invalid') fields.tell(outcome.problems, outcome.message);
    else if (outcome.kind === 'token') token.refused(outcome.message);
    else if (outcome.kind === 'none') status.none(outcome.message);
    else if (outcome.kind === 'done') show(lookUp, query, pages, outcome.content);
    else status.fail(outcome.message);
  }

  function show(lookUp: LookUp, query: Query, pages: string[], content: unknown): void {
    const { predictions = [], next } = content as Rows;
    const [found] = query.kind === 'one' ? [content as Found] : predictions;
    if (query.kind === 'list')
      result.replaceChildren(
        tableOf(lookUp, predictions, Boolean(pages.length || next)),
        ...pagesOf(lookUp, query, pages, next),
      );
    else if (found) result.replaceChildren(listOf(lookUp, found));
    else status.none('There is no prediction for this key, or it has expired.');
    const title = result.querySelector('h3');
    if (title) focused(title);
  }

  function pagesOf(lookUp: LookUp, query: Query, pages: string[], next: string | undefined): Node[] {
    if (!pages.length && !next) return [];
    const turn = (label: string, to: string[] | undefined) => {
      const button = element('button', { type: 'button', class: 'quiet' }, label);
      if (to) button.addEventListener('click', () => void find(lookUp, query, to));
      button.disabled = !to;
      return button;
    };
    const pager = element(
      'nav',
      { class: 'pager', 'aria-label': 'Pages of predictions' },
      turn('Previous page', pages.length ? pages.slice(0, -1) : undefined),
      element('span', {}, `Page ${pages.length + 1}`),
      turn('Next page', next ? [...pages, next] : undefined),
    );
    return [pager];
  }
}
