import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ownTokenFor} from '../../dist/cli/own-token';

test('the token that permits everything goes to the own service and to this machine, and nowhere else', async () => {
  const own = 'https://audit.example.com/audit';
  const given = (url: string) => ownTokenFor(url, own, async () => 'token');
  for (const url of [own, 'http://127.0.0.1:3000', 'http://localhost:1/audit', 'http://[::1]:3000']) {
    assert.equal(await given(url), 'token', url);
  }
  for (const url of [
    'https://other.example.com',
    'http://127.0.0.1.example.com',
    'http://localhost@evil.example',
    'x',
  ]) {
    assert.equal(await given(url), undefined, url);
  }
});
