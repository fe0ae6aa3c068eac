import assert from 'node:assert/strict';
import {generateKeyPairSync} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {filed} from '../../dist/integrity/note-file';
import type {LogReport} from '../../dist/integrity/report';
import {command} from '../support/command';
import {tamper} from '../support/sealed-log';
import {databaseEnvironment} from '../support/serve-process';
import {startTestService, type TestService} from '../support/test-service';
import {ScratchFolder} from '../unit/scratch-folder';

const SIZE = 600;
const folder = new ScratchFolder();
const mirror = join(folder.path, 'mirror');
let service: TestService;
let key: string;
let token: string;
before(async () => {
  const pem = generateKeyPairSync('ed25519').privateKey.export({format: 'pem', type: 'pkcs8'}).toString();
  service = await startTestService({SIGNING_KEY: pem, LOG_ORIGIN: 'audit.example.com'});
  token = await service.token();
  await store(SIZE);
  key = folder.write('keys.txt', (await service.send('/audit-logs/keys')).text);
});
after(async () => {
  await service.stop();
  folder.remove();
});

async function store(count: number): Promise<void> {
  const body = Array.from({length: count}, (_, i) => ({
    action: 'order.approve',
    entityId: String(i),
    outcome: i % 3 === 0 ? 'failure' : 'success',
    before: {total: i},
    metadata: {note: 'Jürgen said: "fine"'},
  }));
  assert.equal((await service.send('/audit-logs/batch', {body})).status, 200);
}

async function exported(name: string, query: string): Promise<string> {
  const answer = await service.send(`/audit-logs/export?${query}`);
  assert.equal(answer.status, 200);
  return folder.write(name, answer.text);
}

const mirrored = () =>
  command(['mirror', '--key', key, '--url', service.url, '--out', mirror], {env: {AUDIT_TOKEN: token}});
const verified = (...args: string[]) => command(['verify', '--key', key, ...args]);

describe('the log of a running service', () => {
  test('is exported, mirrored and proved; a changed byte is named', async () => {
    const {status, output, errors} = await mirrored();
    assert.deepEqual([status, errors], [0, '']);
    assert.match(
      output,
      /^mirrored: audit\.example\.com\/tenant\/acme has 600 leaves, for the first time; 4 tiles/,
    );
    const ndjson = await exported('trail.ndjson', 'format=ndjson');
    const csv = await exported('trail.csv', 'format=csv');
    const zipped = folder.write('trail.ndjson.gz', gzipSync(readFileSync(ndjson)));
    for (const args of [
      ['--tiles', mirror, ndjson],
      ['--tiles', mirror, csv],
      ['--tiles', mirror, zipped, '--cores', '2'],
      ['--checkpoint', join(mirror, 'checkpoint'), ndjson],
      ['--tiles', mirror, '--against', join(mirror, 'checkpoints'), ndjson],
    ]) {
      const proved = await verified(...args);
      assert.deepEqual([proved.status, proved.errors], [0, '']);
      assert.equal(
        proved.output,
        'proved: audit.example.com/tenant/acme at 600 leaves, 600 entries read, 600 proved\n',
      );
    }
    const [first = '', ...rest] = readFileSync(ndjson, 'utf8').split('\n');
    const {id, leafIndex} = JSON.parse(first);
    const bent = folder.write('bent.ndjson', [first.replace('Jürgen', 'Jürgem'), ...rest].join('\n'));
    const told = await verified('--tiles', mirror, bent);
    assert.equal(told.status, 1);
    assert.match(told.output, new RegExp(`^altered: entry ${id}, leaf ${leafIndex}, bent.ndjson:1\\n`));
    const json = await verified('--tiles', mirror, '--json', bent);
    const [report] = JSON.parse(json.output).logs as LogReport[];
    assert.deepEqual([report?.verdict, report?.found, report?.proved], ['faulty', {altered: 1}, 599]);
  });

  test('proves an entry by the JSON and by the text that it answers', async () => {
    const {json} = await service.send('/audit-logs?limit=1&order=actedAt');
    const [{id, leafIndex} = {id: '', leafIndex: -1}] = json as {id: string; leafIndex: number}[];
    const {text} = await service.send(`/audit-logs/${id}/proof`);
    const plain = await service.send(`/audit-logs/${id}/proof?format=text`);
    const files = [
      folder.write('proof.json', text),
      folder.write('pretty.json', JSON.stringify(JSON.parse(text), null, 2)),
      folder.write('proof.txt', plain.text),
    ];
    const proved = await verified(...files);
    assert.deepEqual([proved.status, proved.errors], [0, '']);
    const lines = proved.output.trim().split('\n');
    assert.equal(lines.length, 3);
    for (const line of lines)
      assert.match(line, new RegExp(`: proved: entry ${id} .* is number ${leafIndex} of \\d+ in `));
    const forged = await verified(folder.write('forged.json', text.replace('order.approve', 'order.reject')));
    assert.deepEqual([forged.status, /: altered\n$/.test(forged.output)], [1, true], forged.output);
  });

  test('is read from the standard input, and a selection of it is proved as one', async () => {
    const failures = await exported('failures.ndjson', 'format=ndjson&outcome=failure');
    const args = ['verify', '--key', key, '--tiles', mirror];
    const input = readFileSync(failures);
    const selected = await command([...args, '--selection', '-'], {input});
    assert.equal(selected.status, 0, selected.output);
    assert.match(selected.output, /200 entries read, 200 proved\n$/);
    const whole = await command([...args, '-'], {input});
    assert.equal(whole.status, 1);
    assert.match(whole.output, /400 missing\n$/);
  });

  test('is mirrored further as it grows; what comes after the checkpoint is not shown', async () => {
    await store(300);
    const ndjson = await exported('longer.ndjson', 'format=ndjson');
    const tail = await verified('--tiles', mirror, ndjson);
    assert.equal(tail.status, 2, tail.output);
    assert.match(tail.output, /not shown: .* 900 entries read, 600 proved; 300 tail unknown\n$/);
    const {output} = await mirrored();
    assert.match(output, /has 900 leaves, and continues the one of 600 leaves; 3 tiles fetched\n$/);
    const against = join(mirror, 'checkpoints');
    assert.equal((await verified('--tiles', mirror, '--against', against, ndjson)).status, 0);
    assert.equal(readFileSync(against, 'utf8').match(/\n900\n|\n600\n/g)?.length, 2);
    assert.match((await mirrored()).output, /continues the one of 900 leaves; 0 tiles fetched\n$/);
  });

  test('is verified in its database, tenant by tenant', async () => {
    const env = databaseEnvironment(service.db.settings);
    await service.send('/audit-logs', {
      token: await service.token({tenantId: 'rival'}),
      body: {action: 'a.b'},
    });
    await service.send('/audit-logs/checkpoint', {token: await service.token({tenantId: 'rival'})});
    const args = ['verify', '--key', key, '--database', '--against', join(mirror, 'checkpoints')];
    const whole = await command(args, {env});
    assert.deepEqual([whole.status, whole.errors], [0, '']);
    assert.match(whole.output, /^proved: .*\/tenant\/acme at 900 .*\nproved: .*\/tenant\/rival at 1 .*\n$/);
    await tamper(
      service.db.admin,
      "UPDATE audit_logs SET actor = 'mallory' WHERE tenant_id = 'acme' AND leaf_index = 5",
    );
    const bent = await command(args, {env});
    assert.equal(bent.status, 1);
    assert.match(bent.output, /^altered: entry [0-9a-f-]{36}, leaf 5\nfaulty: /);
    const alone = await command([...args, '--tenant', 'rival'], {env});
    assert.equal(alone.status, 2, 'none of the older checkpoints is its own');
    assert.match(
      alone.output,
      /^proved: .*\/tenant\/rival at 1 .*\nhistory not shown: none of the older checkpoints is of this log\n/,
    );
    const note = await service.send('/audit-logs/checkpoint', {
      token: await service.token({tenantId: 'rival'}),
    });
    const log = folder.write(
      'kept.txt',
      filed(readFileSync(join(mirror, 'checkpoint'), 'utf8')) + filed(note.text),
    );
    const own = ['verify', '--key', key, '--database', '--against', log, '--tenant'];
    const kept = await command([...own, 'rival'], {env});
    assert.deepEqual([kept.status, kept.output.split('\n').length], [0, 2], kept.output);
    await tamper(
      service.db.admin,
      ...['logs', 'trees', 'tiles', 'checkpoints'].map(
        table => `DELETE FROM audit_${table} WHERE tenant_id = 'rival'`,
      ),
    );
    const gone = await command([...own, 'rival'], {env});
    assert.deepEqual([gone.status, /^inconsistent checkpoints: /.test(gone.output)], [1, true], gone.output);
    assert.match((await command(own.slice(0, -1), {env})).output, /there is no log .*\/tenant\/rival/);
    const nobody = await command(['verify', '--key', key, '--database', '--tenant', 'nobody'], {env});
    assert.equal(nobody.status, 2);
    assert.match(nobody.output, /^history not shown: nothing is stored of this tenant/);
  });

  test('that was rewritten is not mirrored over what was there', async () => {
    const [checkpoint, tile] = ['checkpoint', 'tile/0/000'].map(name => readFileSync(join(mirror, name)));
    await store(50);
    assert.match((await service.send('/audit-logs/checkpoint')).text, /\n950\n/);
    await tamper(
      service.db.admin,
      "UPDATE audit_tiles SET hashes = set_byte(hashes, 700, 1) WHERE tenant_id = 'acme' AND level = 0 AND index = 3",
    );
    const {status, errors} = await mirrored();
    assert.equal(status, 1);
    assert.match(errors, /^audit-service: The tiles of the service do not make the root/);
    assert.deepEqual(readFileSync(join(mirror, 'checkpoint')), checkpoint);
    assert.deepEqual(readFileSync(join(mirror, 'tile/0/000')), tile);
  });

  test('needs a key that is one, something to verify, and a service that answers', async () => {
    const cases: [args: string[], errors: RegExp][] = [
      [['verify', '--key', folder.write('none', 'no key'), mirror], /holds no public key/],
      [['verify', '--key', key], /nothing to verify/],
      [
        ['verify', '--key', key, folder.write('a.ndjson', '')],
        /a\.ndjson is not a proof; .*--checkpoint or --tiles/,
      ],
      [['verify', '--key', key, folder.write('a.bin', Buffer.alloc(40, 0xfe))], /a\.bin is not a proof; /],
      [['verify', '--key', key, join(folder.path, 'gone.json')], /gone\.json: no such file/],
      [['verify', '--key', key, '--cores', '0', 'a'], /whole number from 1 to 256/],
      [['verify', '--key', key, '--database'], /name a database by DB_HOST/],
      [
        ['mirror', '--key', key, '--url', 'http://127.0.0.1:1', '--token', 't', '--out', mirror],
        /cannot be reached/,
      ],
      [['mirror', '--key', key, '--url', service.url, '--token', 't', '--out', mirror], /answers 401/],
    ];
    for (const [args, told] of cases) {
      const {status, errors} = await command(args);
      assert.equal(status, 1);
      assert.match(errors, told);
    }
  });
});

test('a file that is not there is a verdict, and no crash', async () => {
  writeFileSync(join(folder.path, 'empty.ndjson'), '');
  const {status, output, errors} = await verified('--tiles', mirror, join(folder.path, 'nowhere'));
  assert.deepEqual([status, errors], [1, '']);
  assert.match(output, /^unreadable: /);
});
