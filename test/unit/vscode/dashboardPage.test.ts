import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type FirstView, freshFirstView } from '../../../src/shared/firstView.ts';
import { dashboardPage } from '../../../src/vscode/dashboardPage.ts';
import { dashboardView } from '../../../src/vscode/dashboardView.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { sampleNow, sampleSession, sampleSnapshot, sampleSources } from './samples.ts';

const evil = '</script><script>alert(1)</script><!--';

function firstView(agentId: string): FirstView {
  const snapshot = sampleSnapshot({ sessions: [sampleSession({ agentId })] });
  const { parts, rows } = dashboardView(sampleSources({ state: { kind: 'running', snapshot } }));
  return { at: sampleNow, parts, rows: [...rows] };
}

describe('the dashboard’s page', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    directory = temporaryDirectory();
    writeFileSync(path.join(directory.path, 'dashboard.js'), 'run();');
    writeFileSync(path.join(directory.path, 'dashboard.css'), 'a {}');
  });
  afterEach(() => {
    directory.remove();
  });

  it('has all in it, and lets nothing else in', () => {
    const page = dashboardPage(directory.path, firstView('reviewer'));
    const [, nonce] = /script-src 'nonce-([^']{24})'/.exec(page) ?? [];
    assert.ok(nonce);
    assert.match(page, /content="default-src 'none'; style-src 'nonce-[^']+'; script-src 'nonce-[^']+'"/);
    assert.ok(page.includes(`<script nonce="${nonce}">run();</script>`));
    assert.ok(page.includes(`<style nonce="${nonce}">a {}</style>`));
    assert.doesNotMatch(page, /https?:/);
    assert.ok(!dashboardPage(directory.path, firstView('reviewer')).includes(nonce), 'a nonce is used once');
  });

  it('shows first what is so now, whatever agents are called', () => {
    const page = dashboardPage(directory.path, firstView(evil));
    assert.equal(page.match(/<script/g)?.length, 2);
    const [, data = ''] = /<script type="application\/json" id="first-view">(.*?)<\/script>/.exec(page) ?? [];
    assert.deepEqual(freshFirstView(data, sampleNow + 100), firstView(evil));
  });

  it('does not show as first what was so some time ago', () => {
    const data = JSON.stringify(firstView('reviewer'));
    for (const later of [-60_000, 3000, 3_600_000]) assert.equal(freshFirstView(data, sampleNow + later), undefined);
    assert.equal(freshFirstView('', sampleNow), undefined);
  });
});
