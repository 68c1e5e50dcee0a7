import assert from 'node:assert/strict';
import { quotaUseOf } from '../../../src/gateway/quotaUse.ts';

describe('quotaUseOf', () => {
  it('counts tokens for messages only', () => {
    for (const path of ['/v1/messages', '/v1/messages?beta=true', '/v1/messages/', '/v1/%6Dessages', '/V1/Messages']) {
      assert.equal(quotaUseOf('POST', path), 'tokens', path);
    }
  });

  it('counts a request for whatever else changes something', () => {
    for (const path of [
      '/v1/messages/count_tokens',
      '/v1/messages/batches',
      '/v1/files',
      '/v2/unknown',
      '/v1/messages/x',
    ]) {
      assert.equal(quotaUseOf('POST', path), 'request', path);
    }
    assert.equal(quotaUseOf('PUT', '/v1/messages'), 'request');
  });

  it('counts nothing for reading and deleting', () => {
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) assert.equal(quotaUseOf(method, '/v1/models'), 'none');
  });
});
