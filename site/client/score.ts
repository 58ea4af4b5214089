import { byId, element, focused } from '#site/client/dom.ts';
import { Fields } from '#site/client/form.ts';
import { gauge } from '#site/client/gauge.ts';
import { Status } from '#site/client/status.ts';
import { valuesOfCsv } from '#site/logic/csv.ts';
import { counted, percent } from '#site/logic/format.ts';
import { oddity, parseFeature, readValues } from '#site/logic/values.ts';

interface Scored {
  model?: string | null;
  prediction?: { probability?: number; will_reorder?: boolean };
  threshold?: number;
}

const { pipeline, features, threshold: usualThreshold } = PAGE.score;

/** The form for the values of one customer and product, and the answer beside it. */
export function scorePart(): void {
  const form = byId<HTMLFormElement>('score-form');
  const fields = new Fields('score');
  const status = new Status('score');
  const result = byId('score-result');
  const empty = [...result.childNodes];

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { values, problems } = readValues(features, fields.text);
    if (problems.length) {
      fields.tell(problems);
      markOdd();
      return;
    }
    fields.clear();
    markOdd();
    const outcome = await status.ask('Asking the model …', { path: `/page/${pipeline}/score`, body: values });
    if (outcome.kind === 'stopped') return;
    result.replaceChildren(...empty);
    if (outcome.kind === 'invalid') fields.tell(outcome.problems, outcome.message);
    else if (outcome.kind === 'done') show(outcome.content as Scored);
    else if (outcome.kind !== 'later') status.fail(outcome.message);
  });
  form.addEventListener('reset', () => {
    status.stop();
    fields.clear();
    result.replaceChildren(...empty);
  });
  for (const feature of features)
    fields.input(feature.name)?.addEventListener('change', () => fields.remark(feature.name, odd(feature)));

  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-example]'))
    button.addEventListener('click', () => {
      const which = Number(button.dataset.example) ? 1 : 0;
      fill(Object.fromEntries(features.map(({ name, examples }) => [name, String(examples[which])])));
      status.say(`The form has the example “${button.textContent}”.`);
    });
  pasting();

  function odd(feature: (typeof features)[number]): string | undefined {
    const parsed = parseFeature(feature, fields.text(feature.name));
    return 'value' in parsed ? oddity(feature, parsed.value) : undefined;
  }

  function markOdd(): void {
    for (const feature of features) fields.remark(feature.name, odd(feature));
  }

  function fill(texts: Record<string, string>): void {
    fields.clear();
    for (const [name, text] of Object.entries(texts)) {
      const input = fields.input(name);
      if (input) input.value = text;
    }
    markOdd();
    result.replaceChildren(...empty);
  }

  function pasting(): void {
    const line = byId<HTMLTextAreaElement>('paste-line');
    const problem = byId('paste-line-problem');
    byId('paste-fill').addEventListener('click', () => {
      const read = valuesOfCsv(line.value, features);
      const wrong = 'problem' in read;
      line.toggleAttribute('aria-invalid', wrong);
      if (wrong) line.setAttribute('aria-invalid', 'true');
      line.closest('.field')?.classList.toggle('wrong', wrong);
      problem.textContent = wrong ? read.problem : '';
      if (wrong) return line.focus();
      fill(read.texts);
      const unknown = read.unknown.length
        ? `; ${counted(read.unknown.length, 'empty value')} became -1, not known`
        : '';
      status.say(`The form has the ${counted(features.length, 'value')} of the line${unknown}.`);
      byId<HTMLDetailsElement>('score-paste').open = false;
      form.querySelector<HTMLButtonElement>('[type=submit]')?.focus();
    });
  }

  function show({ prediction, threshold = usualThreshold, model }: Scored): void {
    const { probability, will_reorder: likely = (probability ?? 0) > threshold } = prediction ?? {};
    if (typeof probability !== 'number') {
      status.fail('The answer has no probability in it.');
      return;
    }
    const title = element('h3', { class: 'verdict' }, `${likely ? 'Likely' : 'Unlikely'} to buy this product`);
    result.replaceChildren(
      element(
        'div',
        { class: likely ? 'likely' : 'unlikely' },
        title,
        element('p', { class: 'figure' }, percent(probability), element('span', {}, 'probability')),
        gauge(probability, threshold),
        element(
          'p',
          { class: 'why' },
          `That is ${likely ? 'above' : 'not above'} the threshold of ${percent(threshold)}.`,
        ),
        ...(model ? [element('p', { class: 'fine' }, 'Model ', element('code', {}, model))] : []),
      ),
    );
    focused(title);
  }
}
