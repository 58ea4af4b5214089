type Attributes = Record<string, string | number | undefined>;
type Child = Node | string;

/** The element with an id of the page. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is missing`);
  return found as unknown as T;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(name), attributes, children);
}

export const drawing = <K extends keyof SVGElementTagNameMap>(name: K, attributes: Attributes, ...children: Child[]) =>
  filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

function filled<T extends Element>(made: T, attributes: Attributes, children: Child[]): T {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** A heading that can be given the focus, so that whoever cannot see the page lands where the answer starts. */
export function focused<T extends HTMLElement>(target: T): T {
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  target.scrollIntoView({ block: 'nearest', behavior: still ? 'auto' : 'smooth' });
  return target;
}
