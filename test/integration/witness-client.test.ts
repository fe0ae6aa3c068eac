import assert from 'node:assert/strict';
import {after, afterEach, before, beforeEach, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {openCheckpoint} from '../../dist/integrity/checkpoint';
import {cosignaturesOf, parseWitnessKey} from '../../dist/integrity/cosignature';
import {logSigner} from '../../dist/integrity/log-signer';
import {TransparencyLog} from '../../dist/repositories/transparency-log';
import {WitnessClient} from '../../dist/witness/witness-client';
import {grow, heardLogger, newKey, ORIGIN, testPublisher} from '../support/checkpoint-parts';
import {eventually} from '../support/eventually';
import {createTestDatabase, type TestDatabase} from '../support/test-database';
import {cosignature, startWitness, type WitnessServer} from '../support/witness-server';

const signer = logSigner(ORIGIN, [newKey()]);
let db: TestDatabase;
let log: TransparencyLog;
let witness: WitnessServer;
let client: WitnessClient;
let results: string[];
let tenants = 0;
/** A tenant of this test alone. */
let tenantId: string;
before(async () => {
  db = await createTestDatabase();
  log = new TransparencyLog(db.database, signer);
});
after(() => db.drop());
beforeEach(async () => {
  tenantId = `tenant-${++tenants}`;
  witness = await startWitness(signer.keys);
  client = clientOf(witness);
});
afterEach(async () => {
  await client.stop();
  await witness.stop();
});

const lines = heardLogger();
function clientOf({url, key}: Pick<WitnessServer, 'url' | 'key'>, timeoutMs = 5_000): WitnessClient {
  results = [];
  const address = {url, keys: [parseWitnessKey(key)], timeoutMs};
  return new WitnessClient(address, log, lines.logger, result => results.push(result));
}

const offer = async () => client.offer(tenantId, await log.checkpoint(tenantId));
const seenSize = () => witness.seen.get(`${ORIGIN}/tenant/${tenantId}`)?.size;
const cosigned = (size: number) =>
  eventually(`the witness has cosigned ${size}`, async () => {
    const note = await log.checkpoint(tenantId);
    const isDone = cosignaturesOf(note, [parseWitnessKey(witness.key)]).length === 1;
    return isDone && openCheckpoint(note, [])?.size === size ? note : undefined;
  });

describe('a witness', () => {
  test('cosigns each checkpoint once it has proved to continue the one before; the note then has both', async () => {
    for (const [more, size] of [
      [1, 1],
      [6, 7],
      [300, 307],
    ] as const) {
      await grow(db.database, tenantId, more);
      await offer();
      const note = await cosigned(size);
      assert.equal(openCheckpoint(note, signer.keys)?.verdict, 'valid');
      assert.equal(seenSize(), size);
    }
    assert.deepEqual(witness.answers, [200, 200, 200]);
    const [only] = cosignaturesOf(await log.checkpoint(tenantId), [parseWitnessKey(witness.key)]);
    assert.ok(Math.abs(Number(only?.time) - Date.now()) < 60_000);
  });

  test('that has seen the log before is asked from where it stands', async () => {
    await grow(db.database, tenantId, 5);
    await offer();
    await cosigned(5);
    await client.stop();
    client = clientOf(witness);
    await grow(db.database, tenantId, 4);
    await offer();
    await cosigned(9);
    assert.deepEqual(witness.answers, [200, 409, 200]);
    assert.deepEqual(results, ['cosigned']);
  });

  test('that is away is tried again until it is back, and nobody waits for it', async () => {
    const port = Number(new URL(witness.url).port);
    await witness.stop();
    const {publisher} = testPublisher(db.database, {signer, log, witnesses: [client]});
    publisher.start();
    const begun = Date.now();
    await grow(db.database, tenantId, 3);
    await eventually('it is signed', async () => ((await sizes()).includes(3) ? true : undefined));
    assert.ok(Date.now() - begun < 3_000);
    await eventually('it was tried', async () => (results.includes('away') ? true : undefined));
    const again = await startWitness(signer.keys, port);
    witness = {...again, key: again.key};
    await publisher.stop();
    client = clientOf(witness);
    await offer();
    await cosigned(3);
  });

  test('that fails now and then is tried again by itself', async () => {
    let faults = 0;
    witness.instead = response => {
      if (faults++ > 1) return false;
      response.writeHead(503).end();
      return true;
    };
    await grow(db.database, tenantId);
    await offer();
    await cosigned(1);
    assert.deepEqual(results, ['refused', 'refused', 'cosigned']);
    assert.equal(
      lines.lines.filter(({msg}) => msg === 'a witness has not cosigned a checkpoint').length > 0,
      true,
    );
  });

  test('that is slow is given up after its time, and holds nothing up', async () => {
    await client.stop();
    client = clientOf(witness, 100);
    witness.instead = async () => {
      await sleep(500);
      return false;
    };
    await grow(db.database, tenantId);
    await offer();
    await eventually('it was given up', async () => (results.includes('away') ? true : undefined));
    witness.instead = () => false;
    await cosigned(1);
  });

  test('that lies adds nothing to the note', async () => {
    await grow(db.database, tenantId, 2);
    const note = await log.checkpoint(tenantId);
    const keyId = Buffer.from(witness.key.split('+')[1] ?? '', 'hex');
    const other = note.replace('\n2\n', '\n3\n');
    const lies = [
      'thank you\n',
      '',
      cosignature(note, newKey(), keyId),
      cosignature(note, witness.privateKey, Buffer.from('00000000', 'hex')),
      cosignature(note, witness.privateKey, keyId, other),
      note,
    ];
    for (const lie of lies) {
      await client.stop();
      client = clientOf(witness);
      witness.instead = response => {
        response.writeHead(200).end(lie);
        return true;
      };
      client.offer(tenantId, note);
      await eventually('it has lied', async () => (results.length > 0 ? true : undefined));
      assert.equal(results[0], 'refused', lie);
      assert.equal(await log.checkpoint(tenantId), note);
    }
    witness.instead = response => {
      response.writeHead(200);
      for (let i = 0; i < 100; i++) response.write('x'.repeat(1 << 16));
      response.end();
      return true;
    };
    results.length = 0;
    await eventually('it has gone on without end', async () => (results.includes('away') ? true : undefined));
  });

  test('that says that it has seen more is told of, and asked again with the next checkpoint', async () => {
    await grow(db.database, tenantId, 4);
    const older = await log.checkpoint(tenantId);
    await grow(db.database, tenantId, 4);
    await offer();
    await cosigned(8);
    client.offer(tenantId, older);
    await eventually('it was told', async () => (results.includes('ahead') ? true : undefined));
    assert.ok(lines.lines.some(({msg}) => msg === 'a witness has not cosigned a checkpoint'));
    await grow(db.database, tenantId, 1);
    await offer();
    await cosigned(9);
  });

  test('cosigns beside others, and both cosignatures stand', async () => {
    const second = await startWitness(signer.keys);
    const another = clientOf(second);
    await grow(db.database, tenantId, 5);
    const note = await log.checkpoint(tenantId);
    for (const each of [client, another]) each.offer(tenantId, note);
    const keys = [witness, second].map(({key}) => parseWitnessKey(key));
    await eventually('both have cosigned', async () =>
      cosignaturesOf(await log.checkpoint(tenantId), keys).length === 2 ? true : undefined,
    );
    await another.stop();
    await second.stop();
  });
});

describe('cosignatures of a note', () => {
  const line = (key: number, name = 'witness.example', time = 0) =>
    `— ${name} ${Buffer.concat([Buffer.alloc(4, key), Buffer.alloc(72, time)]).toString('base64')}\n`;
  const sign = (note: string, lines: string) =>
    db.database.transaction({role: 'audit_writer', tenantId}, session =>
      session.rows('SELECT audit_cosign($1, 2, $2, $3)', [tenantId, note, lines]),
    );

  test('are one of each key, however often and by however many processes it is asked', async () => {
    await grow(db.database, tenantId, 2);
    const note = await log.checkpoint(tenantId);
    await Promise.all(
      Array.from({length: 20}, (_, time) =>
        log.cosign(tenantId, 2, [
          line(1, 'a', time),
          line(1, 'a', time + 1),
          line(1, 'b', time),
          line(2, 'a', time),
        ]),
      ),
    );
    const cosigned = await log.checkpoint(tenantId);
    assert.equal(cosigned.slice(note.length).split('\n').length - 1, 3);
    for (const again of [line(1, 'a', 99), line(3) + line(3, undefined, 1)]) {
      await assert.rejects(sign(cosigned, again), {code: '42501', message: /already/});
    }
  });

  test('are so many that the note can be read, and no more', async () => {
    await grow(db.database, tenantId, 2);
    const note = await log.checkpoint(tenantId);
    const lines = Array.from({length: 100}, (_, key) => line(key));
    await assert.rejects(sign(note, lines.slice(0, 16).join('')), {code: '42501', message: /16/});
    await log.cosign(tenantId, 2, lines);
    await log.cosign(tenantId, 2, lines.slice(50));
    const cosigned = await log.checkpoint(tenantId);
    assert.equal(cosigned.slice(note.length).split('\n').length - 1, 15);
    assert.equal(openCheckpoint(cosigned, signer.keys)?.verdict, 'valid');
  });
});

async function sizes(): Promise<number[]> {
  const {rows} = await db.admin.query('SELECT size::int FROM audit_checkpoints WHERE tenant_id = $1', [
    tenantId,
  ]);
  return rows.map(({size}) => size);
}
