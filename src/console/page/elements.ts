/** EFFECTS: finds the page's elements by id, once, and complains at once when index.html and the code disagree. */

export function byId<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  return expected(document.getElementById(id), type, `#${id}`);
}

export function byIdSvg(id: string): SVGElement {
  return expected(document.getElementById(id), SVGElement, `#${id}`);
}

export function within<T extends HTMLElement>(parent: ParentNode, selector: string, type: abstract new () => T): T {
  return expected(parent.querySelector(selector), type, selector);
}

function expected<T extends Element>(element: Element | null, type: abstract new () => T, name: string): T {
  if (element instanceof type) return element;
  throw new Error(`index.html lacks ${name} as ${type.name}`);
}

/** Writing an unchanged text would still make screen readers announce a live region again. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
