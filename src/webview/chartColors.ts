/**
 * VS Code's own colours, in the order in which layers get them; neighbours differ in lightness too. Not its orange,
 * which is translucent in some themes and missing in high contrast.
 */
const variables = [
  '--vscode-charts-blue',
  '--vscode-charts-yellow',
  '--vscode-charts-purple',
  '--vscode-charts-green',
  '--vscode-charts-red',
  '--vscode-terminal-ansiCyan',
  '--vscode-descriptionForeground',
] as const;

export interface ChartColors {
  /** A layer's. */
  readonly layer: (index: number) => string;
  readonly text: string;
  readonly grid: string;
  readonly background: string;
  readonly font: string;
}

/** The theme's colours as they are now. A canvas cannot use variables of a style sheet. */
export function chartColors(): ChartColors {
  const style = getComputedStyle(document.body);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return {
    layer: (index) => value(layerVariable(index)),
    text: value('--vscode-descriptionForeground'),
    grid: value('--vscode-contrastBorder') || value('--vscode-panel-border') || value('--vscode-descriptionForeground'),
    background: value('--vscode-editor-background'),
    font: `${style.fontSize} ${style.fontFamily}`,
  };
}

/** The variable of a layer's colour, for what a style sheet draws. */
export function layerVariable(index: number): string {
  return variables[index % variables.length] ?? variables[0];
}

/** Calls when the theme changes; VS Code says so by the body's classes. */
export function onThemeChange(changed: () => void): void {
  new MutationObserver(changed).observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-vscode-theme-id'],
  });
}
