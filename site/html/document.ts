import type { Assets } from '#site/build.ts';
import { lookUpHtml } from '#site/html/look-up.ts';
import { scoreHtml } from '#site/html/score.ts';
import { voucherHtml } from '#site/html/voucher.ts';
import type { PageData } from '#site/page-data.ts';

/** The page as a file: everything that can be read before a script runs is in it. No inline script, no inline style. */
export const documentOf = ({ score, lookUps }: PageData, { script, style, icon }: Assets) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="description" content="What Presage predicts about customers: ask the model, look up a prediction, find a voucher.">
<title>Presage</title>
<link rel="icon" type="image/svg+xml" href="${icon}">
<link rel="stylesheet" href="${style}">
<script type="module" src="${script}"></script>
</head>
<body>
<a class="skip" href="#score">Skip to the form</a>
<header>
<div class="bar">
<h1><a href="#top" class="mark">Presage</a></h1>
<nav aria-label="Parts of the page">
<a href="#score">Ask the model</a>
<a href="#look-up">Look up</a>
<a href="#voucher">Voucher</a>
</nav>
<p class="health" id="health" role="status"><span class="dot" aria-hidden="true"></span><span id="health-text">Connecting …</span></p>
</div>
</header>
<main id="top" tabindex="-1">
<noscript><p class="notice">This page asks an API for its answers and needs JavaScript for that.</p></noscript>
${scoreHtml(score)}
${lookUpHtml(lookUps)}
${voucherHtml()}
</main>
<footer><p>Probabilities are what a model expects from the past. They are not facts about a person.</p></footer>
</body>
</html>
`;
