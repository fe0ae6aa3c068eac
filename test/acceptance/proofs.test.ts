import assert from 'node:assert/strict';
import {generateKeyPairSync} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {openCheckpoint} from '../../dist/integrity/checkpoint';
import {parseEntryProof} from '../../dist/integrity/entry-proof';
import {commitmentsOf, leafHash} from '../../dist/integrity/leaf';
import {type NoteVerifier, parseVerifierKey} from '../../dist/integrity/signed-note';
import {isConsistent, rootFromInclusion} from '../../dist/integrity/verify-proof';
import {assertRefused} from '../support/bad-request';
import {startTestService, type TestService} from '../support/test-service';

const pem = () => generateKeyPairSync('ed25519').privateKey.export({format: 'pem', type: 'pkcs8'}).toString();
const ENTRIES = 700;

let service: TestService;
let keys: NoteVerifier[];
before(async () => {
  service = await startTestService({SIGNING_KEY: `${pem()}${pem()}`, LOG_ORIGIN: 'audit.example.com'});
  const body = Array.from({length: ENTRIES}, (_, i) => ({
    action: 'a.b',
    entityId: String(i),
    reason: `secret ${i}`,
  }));
  assert.equal((await service.send('/audit-logs/batch', {body})).status, 200);
  const {text} = await service.send('/audit-logs/keys');
  keys = text.trim().split('\n').map(parseVerifierKey);
});
after(() => service.stop());

const checkpoint = async () => {
  const {text} = await service.send('/audit-logs/checkpoint');
  const opened = openCheckpoint(text, keys);
  assert.ok(opened, text);
  return opened;
};
const entryAt = async (leafIndex: number): Promise<AuditEntry> => {
  const filter = encodeURIComponent(JSON.stringify({where: {leafIndex}}));
  return ((await service.send(`/audit-logs?filter=${filter}`)).json as AuditEntry[])[0] as AuditEntry;
};
const leafOf = (entry: AuditEntry) =>
  leafHash(entry, commitmentsOf(entry, Buffer.from(entry.salt ?? '', 'hex')));

describe('proofs', () => {
  test('the checkpoint is signed by every key, for the log of the tenant alone', async () => {
    const {origin, size, verdict} = await checkpoint();
    assert.deepEqual([origin, size, verdict], ['audit.example.com/tenant/acme', ENTRIES, 'valid']);
    assert.equal(keys.length, 2);
    const {text} = await service.send('/audit-logs/checkpoint');
    for (const key of keys) assert.equal(openCheckpoint(text, [key])?.verdict, 'valid');
    assert.equal((await service.send('/audit-logs/checkpoint')).text, text, 'one checkpoint for one size');
  });

  test('an entry is proved by one text, to whoever has the public key', async () => {
    for (const place of [0, 1, 255, 256, 511, ENTRIES - 1]) {
      const {id} = await entryAt(place);
      const {text} = await service.send(`/audit-logs/${id}/proof?format=text`);
      const proof = parseEntryProof(text);
      assert.ok(proof?.extra, text);
      const entry = JSON.parse(proof.extra.toString()) as AuditEntry;
      const signed = openCheckpoint(proof.checkpoint, keys);
      assert.equal(signed?.verdict, 'valid');
      assert.equal(entry.entityId, String(place));
      const root = rootFromInclusion(proof.index, signed.size, leafOf(entry), proof.path);
      assert.deepEqual(root, signed.root);
      const changed = rootFromInclusion(
        proof.index,
        signed.size,
        leafOf({...entry, reason: 'other'}),
        proof.path,
      );
      assert.notDeepEqual(changed, signed.root);
    }
  });

  test('as JSON it says the same', async () => {
    const {id} = await entryAt(321);
    const proof = (await service.send(`/audit-logs/${id}/proof`)).json as {
      entry: AuditEntry;
      leafIndex: number;
      path: string[];
      checkpoint: string;
    };
    const signed = openCheckpoint(proof.checkpoint, keys);
    const path = proof.path.map(hash => Buffer.from(hash, 'base64'));
    assert.deepEqual(
      rootFromInclusion(proof.leafIndex, signed?.size ?? 0, leafOf(proof.entry), path),
      signed?.root,
    );
  });

  test('a later checkpoint is proved to hold an earlier one', async () => {
    const older = await checkpoint();
    for (let i = 0; i < 5; i++) await service.send('/audit-logs', {body: {action: 'c.d'}});
    const newer = await checkpoint();
    assert.equal(newer.size, older.size + 5);
    const {json} = await service.send(`/audit-logs/consistency?from=${older.size}&to=${newer.size}`);
    const proof = (json as {proof: string[]}).proof.map(hash => Buffer.from(hash, 'base64'));
    assert.ok(isConsistent(older, newer, proof));
    assert.ok(!isConsistent({...older, size: older.size - 1}, newer, proof));
  });

  test('tiles are at their paths, the same for good', async () => {
    const full = await service.send('/audit-logs/tile/0/000');
    assert.equal(full.status, 200);
    assert.match(full.headers.get('cache-control') ?? '', /immutable/);
    const partial = await service.send('/audit-logs/tile/0/002.p/17');
    assert.equal(partial.status, 200);
    const first = await entryAt(0);
    assert.equal(leafOf(first).toString('hex'), first.leafHash);
    for (const path of ['0/003', '0/002', '0/000.p/0', '0/0', '7/000', '0/x000/000', '0/x001/x234/067']) {
      assertRefused(await service.send(`/audit-logs/tile/${path}`), {
        status: 404,
        code: 'TILE_NOT_FOUND',
        field: 'path',
      });
    }
  });

  test('each tenant has its own tree, and sees no other', async () => {
    const token = await service.token({tenantId: 'rival'});
    await service.send('/audit-logs', {token, body: {action: 'r.s'}});
    const {text} = await service.send('/audit-logs/checkpoint', {token});
    assert.equal(openCheckpoint(text, keys)?.origin, 'audit.example.com/tenant/rival');
    assert.equal(openCheckpoint(text, keys)?.size, 1);
    const {id} = await entryAt(0);
    assertRefused(await service.send(`/audit-logs/${id}/proof`, {token}), {
      status: 404,
      code: 'ENTRY_NOT_FOUND',
      field: 'id',
    });
    assertRefused(await service.send('/audit-logs/tile/0/000', {token}), {
      status: 404,
      code: 'TILE_NOT_FOUND',
      field: 'path',
    });
    const empty = await service.send('/audit-logs/checkpoint', {
      token: await service.token({tenantId: 'none'}),
    });
    assert.equal(openCheckpoint(empty.text, keys)?.size, 0);
  });

  test('what cannot be answered is refused, with the field at fault', async () => {
    for (const [query, field] of [
      ['', 'from'],
      ['from=1', 'to'],
      ['from=1&to=99999', 'to'],
      ['from=5&to=4', 'from'],
      ['from=-1&to=4', 'from'],
      ['from=1&to=4e0', 'to'],
      ['from=1&to=2&limit=3', 'limit'],
    ]) {
      const answer = await service.send(`/audit-logs/consistency?${query}`);
      assert.equal(answer.status, 400, query);
      const {error} = answer.json as {error: {code: string; details: {field: string}[]}};
      assert.deepEqual([error.code, error.details[0]?.field], ['INVALID_PARAMETER', field]);
    }
    const {id} = await entryAt(0);
    assert.equal((await service.send(`/audit-logs/${id}/proof?format=xml`)).status, 400);
    assert.equal((await service.send('/audit-logs/none/proof')).status, 400);
    const blind = await service.token({permissions: ['CreateAudit']});
    for (const path of ['keys', 'checkpoint', 'consistency?from=0&to=1', `${id}/proof`, 'tile/0/000']) {
      assert.equal((await service.send(`/audit-logs/${path}`, {token: blind})).status, 403, path);
    }
  });
});

test('without a key entries are sealed all the same, and no checkpoint is given', async () => {
  const unsigned = await startTestService({DB_HOST: 'elsewhere', DB_USER: 'u', DB_DATABASE: 'd'});
  try {
    const {leafIndex} = (await unsigned.send('/audit-logs', {body: {action: 'a.b'}})).json as AuditEntry;
    assert.equal(leafIndex, 0);
    for (const path of ['keys', 'checkpoint']) {
      assert.equal((await unsigned.send(`/audit-logs/${path}`)).status, 404, path);
    }
  } finally {
    await unsigned.stop();
  }
});
