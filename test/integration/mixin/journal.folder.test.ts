import assert from 'node:assert/strict';
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {
  type AuditSink,
  type DeliveryFailure,
  deliveryFailures,
  HttpSink,
  Journal,
  type SinkEntry,
} from '@loopback-audit/audit-log';
import {sinkEntry} from '../../contract/audit-sink.contract';
import {eventually} from '../../support/eventually';
import {startTestService} from '../../support/test-service';

let folder: string;
const journals: Journal[] = [];
const children: ChildProcess[] = [];
const failures: DeliveryFailure[] = [];
const hear = (failure: DeliveryFailure) => failures.push(failure);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-folder-'));
  deliveryFailures.on('failure', hear);
});
afterEach(async () => {
  deliveryFailures.off('failure', hear);
  failures.splice(0);
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(journals.splice(0).map(journal => journal.stop()));
  await rm(folder, {recursive: true});
});

const journalTo = (target: AuditSink): Journal => {
  const journal = new Journal({folder, target, maxPauseMs: 50});
  journals.push(journal);
  return journal;
};

class Kept implements AuditSink {
  readonly entries: SinkEntry[] = [];

  async deliver(entries: readonly SinkEntry[]): Promise<void> {
    this.entries.push(...entries);
  }

  get ids(): string[] {
    return this.entries.map(({id}) => id);
  }
}

const laidAside = async () => {
  const text = await readFile(join(folder, 'rejected.ndjson'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as {reason: string; entry?: SinkEntry; line?: string});
};
const isEmpty = async () =>
  (await readdir(folder)).every(name => name === 'rejected.ndjson') ? true : undefined;

describe('a journal lays aside, and goes on after,', () => {
  test('a damaged line', async () => {
    const [first, second, later] = [sinkEntry(), sinkEntry(), sinkEntry()];
    const damaged = ['{"id":"half', '', '42', 'null', `{"id":"half${JSON.stringify(second)}`];
    const lines = [JSON.stringify(first), ...damaged, JSON.stringify(second), 'the end was never written'];
    await writeFile(join(folder, '000000000001.ndjson'), lines.join('\n'));
    const kept = new Kept();
    const journal = journalTo(kept);
    await journal.deliver([later]);
    await journal.drained();
    assert.deepEqual(kept.ids, [first.id, second.id, later.id]);
    assert.deepEqual(
      (await laidAside()).map(({line}) => line),
      damaged,
    );
    assert.equal(failures.length, damaged.length);
  });

  test('an entry that the service will never take', async () => {
    const service = await startTestService();
    try {
      const poison = sinkEntry({reason: 'x'.repeat(700 << 10)});
      const good = Array.from({length: 7}, (_, i) => sinkEntry({entityId: String(i)}));
      const journal = journalTo(new HttpSink({url: service.url, token: () => service.token()}));
      await journal.deliver([...good.slice(0, 3), poison, ...good.slice(3)]);
      await journal.drained();
      const {rows} = await service.db.admin.query(
        'SELECT id FROM audit_logs ORDER BY recorded_at, entity_id',
      );
      assert.deepEqual(
        rows.map(({id}) => id),
        good.map(({id}) => id),
      );
      const [{entry, reason} = {reason: ''}] = await laidAside();
      assert.equal(entry?.id, poison.id);
      assert.match(reason, /413/);
      assert.deepEqual(
        failures.map(({entries}) => entries[0]?.id),
        [poison.id],
      );
    } finally {
      await Promise.all(journals.splice(0).map(journal => journal.stop()));
      await service.stop();
    }
  });
});

test('a journal that nobody has started starts with what it is first given', async () => {
  const kept = new Kept();
  const entry = sinkEntry();
  const nested = join(folder, 'made', 'by', 'it');
  const journal = new Journal({folder: nested, target: kept});
  await journal.deliver([entry]);
  await eventually('it is delivered', async () => (kept.entries.length > 0 ? true : undefined));
  await journal.stop();
  assert.deepEqual(kept.ids, [entry.id]);
});

test('two journals on one folder deliver everything that either has kept', async () => {
  const kept = new Kept();
  const both = [journalTo(kept), journalTo(kept)];
  await Promise.all(both.map(journal => journal.start()));
  const ids: string[] = [];
  for (let i = 0; i < 300; i++) {
    const entry = sinkEntry();
    await both[i % 2]?.deliver([entry]);
    ids.push(entry.id);
    if (i % 10 === 0) await sleep(2);
  }
  await eventually('the folder is empty', isEmpty);
  assert.deepEqual(kept.ids.sort(), ids.sort());
});

test('what one journal has left when it stopped another delivers at once', async () => {
  const entry = sinkEntry();
  const first = journalTo({deliver: () => Promise.reject(new Error('away'))});
  await first.deliver([entry]);
  await first.stop();
  const kept = new Kept();
  const second = journalTo(kept);
  await second.start();
  await second.drained();
  assert.deepEqual(kept.ids, [entry.id]);
});

describe('of another process that', () => {
  /** Starts one that writes; answers it and the ids that it has said are kept. */
  const startWriter = async () => {
    const child = spawn(
      process.execPath,
      [join(__dirname, '..', '..', 'support', 'journal-writer.js'), folder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    children.push(child);
    let said = '';
    child.stdout.on('data', chunk => {
      said += chunk;
    });
    const ids = () => said.split('\n').slice(0, -1);
    await eventually('it writes', async () => (ids().length > 20 ? true : undefined));
    return {child, ids};
  };
  const end = async (child: ChildProcess) => {
    const closed = new Promise(done => child.once('close', done));
    child.kill('SIGKILL');
    await closed;
  };

  test('was killed, everything that it had kept is delivered', async () => {
    const {child, ids} = await startWriter();
    await end(child);
    const kept = new Kept();
    await journalTo(kept).start();
    await eventually('the folder is empty', isEmpty);
    const delivered = new Set(kept.ids);
    assert.deepEqual(
      ids().filter(id => !delivered.has(id)),
      [],
    );
  });

  test('was only halted, and writes on when it has been taken for dead, nothing is lost either', async () => {
    const {child, ids} = await startWriter();
    const kept = new Kept();
    await journalTo(kept).start();
    child.kill('SIGSTOP');
    await eventually('it is taken for dead', isEmpty);
    const before = ids().length;
    child.kill('SIGCONT');
    await eventually('it writes on', async () => (ids().length > before + 20 ? true : undefined));
    await end(child);
    await eventually('the folder is empty', isEmpty);
    const delivered = new Set(kept.ids);
    assert.deepEqual(
      ids().filter(id => !delivered.has(id)),
      [],
    );
  });
});

test('a folder that cannot be made refuses, and is tried again with the next entry', async () => {
  const taken = join(folder, 'taken');
  await writeFile(taken, 'not a folder');
  const kept = new Kept();
  const journal = new Journal({folder: taken, target: kept});
  await assert.rejects(journal.deliver([sinkEntry()]));
  await rm(taken);
  await mkdir(taken);
  await journal.deliver([sinkEntry()]);
  await journal.drained();
  await journal.stop();
  assert.equal(kept.entries.length, 1);
});
