import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FirstView, firstViewId } from '../shared/firstView.ts';

/**
 * The dashboard's page, whole: no remote content, and no script but our own. Script, style and what is shown first are in it,
 * since each file or message that a webview waits for is a way through several processes before anything is painted.
 * @param directory where the extension's bundles are. @throws where they cannot be read.
 */
export function dashboardPage(directory: string, first: FirstView): string {
  const nonce = randomBytes(18).toString('base64');
  const part = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  // What agents and folders are called must not end the element that it is in.
  const data = JSON.stringify(first).replaceAll('<', '\\u003c');
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <style nonce="${nonce}">${part('dashboard.css')}</style>
    <title>Agent Quota</title>
  </head>
  <body>
    <main id="dashboard"></main>
    <script type="application/json" id="${firstViewId}">${data}</script>
    <script nonce="${nonce}">${part('dashboard.js')}</script>
  </body>
</html>`;
}
