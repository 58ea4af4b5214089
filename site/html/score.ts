import { fieldHtml } from '#site/html/field.ts';
import { escaped } from '#site/html/text.ts';
import { percent } from '#site/logic/format.ts';
import { placed, usualText } from '#site/logic/values.ts';
import type { Feature, ScoreForm } from '#site/page-data.ts';
import { EXAMPLES, GROUPS, type Group } from '#site/reorder-features.ts';

const featureField = (feature: Feature) =>
  fieldHtml({
    form: 'score',
    name: feature.name,
    label: feature.label,
    unit: feature.unit,
    hint:
      `${escaped(feature.meaning)} <span class="range">${escaped(usualText(feature))}</span> ` +
      `<code>${feature.name}</code>`,
    attributes: `inputmode="${feature.mayBeUnknown ? 'text' : feature.whole ? 'numeric' : 'decimal'}"`,
  });

const group = (name: Group, features: Feature[]) => `<fieldset>
<legend>${escaped(GROUPS[name].title)}</legend>
<p class="about">${escaped(GROUPS[name].says)}</p>
<div class="fields">${placed(features)
  .filter((feature) => feature.group === name)
  .map(featureField)
  .join('\n')}</div>
</fieldset>`;

/** Scoring by hand: the values in three groups, the answer beside them. */
export const scoreHtml = ({ features, threshold }: ScoreForm) => `<section id="score" aria-labelledby="score-title">
<div class="intro">
<h2 id="score-title">Will they buy it again?</h2>
<p>Describe a customer and a product the customer has bought before. The model in use says how likely the product is
in the next order; above ${percent(threshold)} we call it likely.</p>
</div>
<div class="columns">
<form id="score-form" novalidate>
<div class="quick">
<details class="paste" id="score-paste">
<summary>Paste a CSV line</summary>
<div class="paste-body">
${fieldHtml({
  form: 'paste',
  name: 'line',
  label: 'One line of values',
  hint: `${features.length} values with commas between them, in the model’s order, or two lines of which the first has the names.`,
  control:
    '<textarea id="paste-line" name="line" rows="3" spellcheck="false" autocomplete="off" aria-describedby="paste-line-hint paste-line-problem"></textarea>',
})}
<details class="order"><summary>The model’s order</summary><ol>${features
  .map(({ name }) => `<li><code>${name}</code></li>`)
  .join('')}</ol></details>
<button type="button" id="paste-fill">Fill in the form</button>
</div>
</details>
<div class="examples" role="group" aria-label="Fill in an example"><span aria-hidden="true">Example</span>
${EXAMPLES.map((name, index) => `<button type="button" class="quiet" data-example="${index}">${escaped(name)}</button>`).join('\n')}
</div>
</div>
<div class="summary" id="score-summary" tabindex="-1" hidden></div>
${(Object.keys(GROUPS) as Group[]).map((name) => group(name, features)).join('\n')}
<div class="actions">
<button type="submit" class="main">Ask the model</button>
<button type="reset" class="quiet">Clear</button>
</div>
</form>
<aside class="answer" id="score-answer" aria-label="Answer of the model">
<div class="status" id="score-status" role="status"></div>
<div id="score-result"><p class="empty">The answer appears here: a verdict, the probability, and where the line
between the two is.</p></div>
</aside>
</div>
</section>`;
