import { drawing } from '#site/client/dom.ts';
import { percent } from '#site/logic/format.ts';

const WIDTH = 360;
const LEFT = 10;
const SPAN = WIDTH - 2 * LEFT;
const at = (share: number) => LEFT + Math.min(1, Math.max(0, share)) * SPAN;

/** The probability on a line from 0 to 100 %, with the threshold as a mark. Screen readers get it as one sentence. */
export function gauge(probability: number, threshold: number): SVGSVGElement {
  const mark = at(threshold);
  const says = `The probability is ${percent(probability)}; the threshold is ${percent(threshold)}.`;
  const anchor = threshold < 0.2 ? 'start' : threshold > 0.8 ? 'end' : 'middle';
  return drawing(
    'svg',
    { class: 'gauge', viewBox: `0 0 ${WIDTH} 78`, role: 'img', 'aria-label': says },
    drawing('rect', { class: 'track', x: LEFT, y: 32, width: SPAN, height: 14, rx: 7 }),
    drawing('rect', {
      class: 'filled',
      x: LEFT,
      y: 32,
      width: Math.max(14, at(probability) - LEFT),
      height: 14,
      rx: 7,
    }),
    drawing('circle', { class: 'point', cx: at(probability), cy: 39, r: 9 }),
    drawing('line', { class: 'mark', x1: mark, x2: mark, y1: 22, y2: 56 }),
    drawing('text', { x: mark, y: 14, 'text-anchor': anchor }, `threshold ${percent(threshold)}`),
    drawing('text', { class: 'end', x: LEFT, y: 72 }, '0 %'),
    drawing('text', { class: 'end', x: WIDTH - LEFT, y: 72, 'text-anchor': 'end' }, '100 %'),
  );
}
