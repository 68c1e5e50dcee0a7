import type { CleanUp, ControlQueries } from '../../../src/control/controlQueries.ts';
import type { AuthTest, EngineSnapshot } from '../../../src/core/quotaEngine.ts';
import { sampleSnapshot } from '../vscode/samples.ts';

/** Answers with what a test has put there, and records what was done. */
export class FakeQueries implements ControlQueries {
  /** What changed something, as `name argument`. */
  readonly calls: string[] = [];
  shown: EngineSnapshot = sampleSnapshot();
  test: AuthTest = { kind: 'works', endpoint: 'https://api.example', latencyMs: 123.4, source: 'ANTHROPIC_API_KEY' };
  cleaned: CleanUp = { changed: [], inactivityMs: 1_800_000 };
  failure: Error | undefined;

  snapshot(): Promise<EngineSnapshot> {
    return this.failure === undefined ? Promise.resolve(this.shown) : Promise.reject(this.failure);
  }

  testAuthentication(): Promise<AuthTest> {
    return Promise.resolve(this.test);
  }

  cleanUp(): Promise<CleanUp> {
    this.calls.push('cleanUp');
    return Promise.resolve(this.cleaned);
  }

  releaseSession(sessionId: string): Promise<boolean> {
    this.calls.push(`release ${sessionId}`);
    return Promise.resolve(this.shown.sessions.some((session) => session.sessionId === sessionId));
  }
}
