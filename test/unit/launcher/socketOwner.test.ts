import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectSocket, EngineUnavailableError } from '../../../src/launcher/engineConnection.ts';
import { mayBeForeign } from '../../../src/launcher/socketOwner.ts';

describe('the owner of a control socket', () => {
  let directory: string;
  before(function () {
    // Elsewhere it is a named pipe, and there are no modes.
    if (process.platform === 'win32') this.skip();
  });
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'owner '));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is this user where nobody else can enter, and nobody where nothing is', () => {
    assert.equal(mayBeForeign(path.join(directory, 'c.sock'), 'linux'), false);
    assert.equal(mayBeForeign(path.join(directory, 'gone', 'c.sock'), 'linux'), false);
    assert.equal(mayBeForeign(String.raw`\\.\pipe\agent-quota-0`, 'win32'), false);
  });

  it('may be another where others can enter, in another’s directory, and behind a link', async () => {
    await symlink(directory, `${directory} link`);
    assert.equal(mayBeForeign(path.join(`${directory} link`, 'c.sock'), 'linux'), true);
    await rm(`${directory} link`);
    await chmod(directory, 0o755);
    assert.equal(mayBeForeign(path.join(directory, 'c.sock'), 'linux'), true);
    assert.equal(mayBeForeign('/tmp/c.sock', 'linux'), true);
  });

  it('is not told the secret when it may be another', async () => {
    const heard: string[] = [];
    const imposter = createServer((socket) => socket.on('data', (chunk) => heard.push(String(chunk))));
    const socket = path.join(directory, 'c.sock');
    imposter.listen(socket);
    await once(imposter, 'listening');
    await chmod(directory, 0o755);
    await assert.rejects(
      connectSocket(socket, 'the secret', { pid: 1, wish: () => ({ type: 'query', what: 'status' }) }),
      (error) => {
        assert.ok(error instanceof EngineUnavailableError && error.unanswered);
        assert.doesNotMatch(error.message, /the secret/);
        return true;
      },
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(heard, []);
    imposter.close();
  });
});
