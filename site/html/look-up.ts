import { fieldHtml, statusHtml } from '#site/html/field.ts';

/** Looking up stored predictions; the fields of the key depend on the pipeline and are made in the browser. */
export const lookUpHtml = (lookUps: { pipeline: string }[]) => `<section id="look-up" aria-labelledby="look-up-title">
<div class="intro">
<h2 id="look-up-title">Look up predictions</h2>
<p>What the last run predicted about a customer. These are about real people, so this part needs a token.</p>
</div>
<div class="panel">
<div class="token" id="token">
${fieldHtml({
  form: 'token',
  name: 'value',
  label: 'Access token',
  hint: 'Kept in the memory of this tab until it is closed, stored nowhere. <code>npx presage token</code> prints one.',
  attributes: 'class="long"',
})}
<button type="button" id="token-use">Use this token</button>
</div>
<div class="token-state" id="token-state" role="status"></div>
<form id="look-up-form" novalidate>
<fieldset>
<legend>Whose predictions?</legend>
<div class="fields wide">
<div class="field"><label for="look-up-pipeline">Pipeline</label>
<p class="hint" id="look-up-asks"></p>
<div class="control"><select id="look-up-pipeline" aria-describedby="look-up-asks">${lookUps
  .map(({ pipeline }) => `<option>${pipeline}</option>`)
  .join('')}</select></div></div>
<div class="key" id="look-up-key"></div>
</div>
</fieldset>
<div class="actions"><button type="submit" class="main">Look up</button></div>
</form>
${statusHtml('look-up')}
<div id="look-up-result"></div>
</div>
</section>`;
