import assert from 'node:assert/strict';
import {appendFile, mkdtemp, readFile, rename, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {after, before, beforeEach, describe, test} from 'node:test';
import {checkpointKey} from '../../dist/archive/archive-layout';
import {FilesystemStore} from '../../dist/archive/filesystem-store';
import {signCheckpoint} from '../../dist/integrity/checkpoint';
import {logSigner, originOf} from '../../dist/integrity/log-signer';
import {filed} from '../../dist/integrity/note-file';
import {verifierKey} from '../../dist/integrity/signed-note';
import {TreeSweep} from '../../dist/jobs/tree-sweep';
import {HistoryGuard} from '../../dist/repositories/history-guard';
import {KeyHistory} from '../../dist/repositories/key-history';
import {OwnNotes} from '../../dist/repositories/own-notes';
import {TransparencyLog} from '../../dist/repositories/transparency-log';
import {CheckpointFile} from '../../dist/witness/checkpoint-file';
import type {CheckpointLog} from '../../dist/witness/checkpoint-log';
import {CheckpointObjects} from '../../dist/witness/checkpoint-objects';
import {PacedNotes} from '../../dist/witness/paced-notes';
import {grow, heardLogger, newKey, ORIGIN} from '../support/checkpoint-parts';
import {eventually} from '../support/eventually';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

const [signer, earlier, forgotten] = [newKey(), newKey(), newKey()].map(key => logSigner(ORIGIN, [key])) as [
  ReturnType<typeof logSigner>,
  ReturnType<typeof logSigner>,
  ReturnType<typeof logSigner>,
];
let db: TestDatabase;
let folder: string;
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'audit-kept-'));
  await new KeyHistory(db.database).use(earlier.keys);
});
after(async () => {
  await db?.drop();
  await rm(folder, {recursive: true, force: true});
});

let heard: ReturnType<typeof heardLogger>;
let open: OwnNotes['open'];
beforeEach(begin);

function begin(): void {
  heard = heardLogger();
  open = new OwnNotes(signer, new KeyHistory(db.database), heard.logger).open;
}

const note = (tenantId: string, size: number, by = signer, fill = size) =>
  signCheckpoint({origin: originOf(signer, tenantId), size, root: Buffer.alloc(32, fill)}, by.keys);

/** What is known of the newest note. */
const known = async (log: CheckpointLog, tenantId: string) => {
  const kept = await log.newest(tenantId);
  return kept && {note: kept.note, isKnown: kept.isKnown};
};

let places = 0;
/** Places of this test alone, into which anybody can write. */
function eachPlace(): {
  name: string;
  log: () => CheckpointLog;
  put(tenantId: string, size: number, note: string): Promise<unknown>;
}[] {
  const path = join(folder, `log-${++places}.txt`);
  const store = new FilesystemStore(join(folder, `objects-${places}`));
  return [
    {
      name: 'file',
      log: () => new CheckpointFile(path, ORIGIN, open),
      put: (_tenantId, _size, text) => appendFile(path, filed(text)),
    },
    {
      name: 'store',
      log: () => new CheckpointObjects(store, ORIGIN, open, () => undefined),
      put: (tenantId, size, text) =>
        store.put(checkpointKey(tenantId, size), Readable.from([Buffer.from(text)]), {
          contentType: 'text/plain',
        }),
    },
  ];
}

describe('what is kept of checkpoints', () => {
  test('is believed where a key of the service has signed it, now or earlier; what is forged is passed over and told', async () => {
    for (const {name, log, put} of eachPlace()) {
      begin();
      const old = await note('a', 5, earlier);
      await put('a', 3, await note('a', 3));
      await put('a', 5, old);
      await put('a', 7, (await note('a', 6)).replace('\n6\n', '\n7\n'));
      await put('b', 9, (await note('b', 8)).replace('\n8\n', '\n9\n'));
      const kept = log();
      assert.deepEqual(await known(kept, 'a'), {note: old, isKnown: true}, name);
      assert.deepEqual(await kept.tenants(), ['a'], name);
      assert.equal(await kept.newest('b'), undefined, name);
      const told = heard.lines.filter(({msg}) => msg.startsWith('a checkpoint is passed over'));
      assert.equal(told.length, 2, name);
      const next = await note('a', 6);
      await kept.append('a', next);
      assert.deepEqual(await known(kept, 'a'), {note: next, isKnown: true}, name);
      assert.deepEqual(await known(log(), 'a'), {note: next, isKnown: true}, name);
      await kept.close?.();
    }
  });

  test('is doubted where its key is not known, until it is or a later one is', async () => {
    for (const {name, log, put} of eachPlace()) {
      begin();
      await put('a', 3, await note('a', 3));
      const doubted = await note('a', 7, forgotten);
      await put('a', 7, doubted);
      await put('b', 9, await note('b', 9, forgotten));
      const kept = log();
      assert.deepEqual(await known(kept, 'a'), {note: doubted, isKnown: false}, name);
      assert.deepEqual((await kept.tenants()).toSorted(), ['a', 'b'], name);
      const later = await note('a', 8);
      await kept.append('a', later);
      assert.deepEqual(await known(kept, 'a'), {note: later, isKnown: true}, name);
      const lines = heard.lines.filter(({msg}) => msg.includes('SIGNING_KEY_HISTORY'));
      assert.equal(lines.length, 2, name);

      open = new OwnNotes({...signer, earlier: forgotten.keys}, new KeyHistory(db.database), heard.logger)
        .open;
      const told = log();
      assert.equal((await known(told, 'b'))?.isKnown, true, name);
      for (const each of [kept, told]) await each.close?.();
    }
  });

  test('is not forgotten by the database, to the owner neither', async () => {
    for (const change of [
      'DELETE FROM audit_keys',
      'TRUNCATE audit_keys',
      "UPDATE audit_keys SET verifier_key = 'x'",
      "UPDATE audit_keys SET last_used = last_used - interval '1 day'",
    ]) {
      for (const role of ['audit_owner', 'none']) {
        const client = await db.admin.connect();
        try {
          await client.query(`SET ROLE ${role}`);
          await assert.rejects(client.query(change), /keys that have signed are not forgotten/, change);
        } finally {
          client.release(true);
        }
      }
    }
    const uses = await new KeyHistory(db.database).all({...signer, earlier: forgotten.keys});
    assert.deepEqual(
      uses.map(({key}) => key),
      [signer, earlier, forgotten].flatMap(({keys}) => keys.map(verifierKey)),
    );
  });

  test('is the earlier of two of one size', async () => {
    const path = join(folder, 'equal.txt');
    const first = await note('a', 4, signer, 1);
    await appendFile(path, filed(first) + filed(await note('a', 4, signer, 2)));
    const kept = new CheckpointFile(path, ORIGIN, open);
    assert.equal((await kept.newest('a'))?.note, first);
    await appendFile(path, filed(await note('a', 4, signer, 3)));
    assert.equal((await kept.newest('a'))?.note, first);
    await kept.close();
  });

  test('goes into the file that the path names, also after the former was moved away', async () => {
    const path = join(folder, 'moved.txt');
    const kept = new CheckpointFile(path, ORIGIN, open);
    const [one, two] = [await note('a', 1), await note('a', 2)];
    await kept.append('a', one);
    await rename(path, `${path}.1`);
    await kept.append('a', two);
    assert.equal(await readFile(`${path}.1`, 'utf8'), filed(one));
    assert.equal(await readFile(path, 'utf8'), filed(two));
    assert.equal((await kept.newest('a'))?.note, two);
    await kept.close();
  });

  test('of one tenant holds up no other, where it cannot be kept', async () => {
    const kept: string[] = [];
    const log = {
      async append(tenantId: string) {
        if (tenantId === 'a') throw new Error('The disk has no room.');
        kept.push(tenantId);
      },
      newest: async () => undefined,
      tenants: async () => [],
    };
    const notes = new PacedNotes(log, 0);
    for (const tenantId of ['a', 'b']) notes.offer(tenantId, 'note');
    await assert.rejects(notes.flush(), /no room/);
    assert.deepEqual(kept, ['b']);
  });

  test('of one tenant hides no other, where it cannot be held against the tree', async () => {
    const signed = await note('rewritten', 9);
    const notes = {
      async newest(tenantId: string) {
        if (tenantId === 'unread') throw new Error('The note cannot be read.');
        return {note: signed, isKnown: true};
      },
      tenants: async () => ['unread', 'rewritten'],
    };
    await grow(db.database, 'rewritten', 3);
    const found: string[] = [];
    const guard = new HistoryGuard(db.database, notes, tenantId => found.push(tenantId));
    const log = new TransparencyLog(db.database, signer, guard);
    const stopping = new AbortController();
    const sweep = new TreeSweep({log, guard, notes, logger: heard.logger}, 10);
    const sweeping = sweep.run(() => {}, stopping.signal);
    await eventually('it was found out', async () => (found.includes('rewritten') ? true : undefined));
    stopping.abort();
    await sweeping;
    assert.ok(heard.lines.some(({msg}) => msg === 'cannot hold a tree against its checkpoints'));
  });
});
