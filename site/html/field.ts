import { escaped } from '#site/html/text.ts';

export interface Field {
  /** Of the form it is in: ids are `<form>-<name>`. */
  form: string;
  /** The field's name in a request, by which problems name it too. */
  name: string;
  label: string;
  /** Behind the input. */
  unit?: string;
  /** HTML below the label. */
  hint?: string;
  /** HTML in place of the text input; has to use `attributesOf`. */
  control?: string;
  /** Of the text input. */
  attributes?: string;
}

/** What ties a control to its hint and to the line where a problem is told. */
export const attributesOf = ({ form, name, hint }: Field) =>
  `id="${form}-${name}" name="${name}" aria-describedby="${hint ? `${form}-${name}-hint ` : ''}${form}-${name}-problem"`;

/** A labelled control. The line for a problem is there from the start, empty. */
export function fieldHtml(field: Field): string {
  const { form, name, label, unit, hint, attributes = '' } = field;
  const id = `${form}-${name}`;
  const input =
    field.control ?? `<input ${attributesOf(field)} type="text" autocomplete="off" spellcheck="false" ${attributes}>`;
  return `<div class="field" data-field="${name}">
<label for="${id}">${escaped(label)}</label>
${hint ? `<p class="hint" id="${id}-hint">${hint}</p>` : ''}
<div class="control">${input}${unit ? `<span class="unit" aria-hidden="true">${escaped(unit)}</span>` : ''}</div>
<p class="problem" id="${id}-problem"></p>
</div>`;
}

/** Where a form says what it is doing and what went wrong; see client/status.ts. */
export const statusHtml = (form: string) => `<div class="summary" id="${form}-summary" tabindex="-1" hidden></div>
<div class="status" id="${form}-status" role="status"></div>`;
