/** Icons as paths in a square of 16, drawn in the text's colour: no font has to be loaded for five signs. */
const paths = {
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  resume: 'M4 2.5v11l9-5.5z',
  release: 'M3.7 2.6 8 6.9l4.3-4.3 1.1 1.1L9.1 8l4.3 4.3-1.1 1.1L8 9.1l-4.3 4.3-1.1-1.1L6.9 8 2.6 3.7z',
  terminal: 'M1 2h14v12H1zM2.3 3.3v9.4h11.4V3.3zM3.6 5.4l1-1L7.7 7.5 4.6 10.6l-1-1 2.1-2.1zM8 9.6h4V11H8z',
} as const;
export type IconName = keyof typeof paths;

const svg = 'http://www.w3.org/2000/svg';

/** Makes an icon that says nothing by itself: what holds it has a name. */
export function icon(name: IconName): SVGSVGElement {
  const root = document.createElementNS(svg, 'svg');
  root.setAttribute('viewBox', '0 0 16 16');
  root.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg, 'path');
  path.setAttribute('fill-rule', 'evenodd');
  root.append(path);
  setIcon(root, name);
  return root;
}

export function setIcon(root: SVGSVGElement, name: IconName): void {
  const path = root.firstElementChild;
  if (path?.getAttribute('d') !== paths[name]) path?.setAttribute('d', paths[name]);
}
