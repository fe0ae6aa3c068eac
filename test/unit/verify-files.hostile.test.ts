import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {gzipSync} from 'node:zlib';
import type {AuditEntry} from '@loopback-audit/audit-log';
import {csvRow} from '../../dist/export/csv';
import {signCheckpoint} from '../../dist/integrity/checkpoint';
import type {FindingKind} from '../../dist/integrity/findings';
import {ENTRY_COLUMNS} from '../../dist/models/entry-columns';
import {type VerifyFilesOptions, verifyFiles} from '../../dist/verification/verify-files';
import {layOut} from '../support/mirrored-log';
import {ORIGIN, randomLog, SIGNER, seeded} from './integrity/random-log';
import {ScratchFolder} from './scratch-folder';

const SIZE = 600;
const keys = [SIGNER];
const log = randomLog(SIZE, seeded(3));
const lines = log.entries.map(entry => JSON.stringify(entry));
const text = `${lines.join('\n')}\n`;
const folder = new ScratchFolder();
const tiles = join(folder.path, 'tiles');
const signed = (size: number, root = log.root) => signCheckpoint({origin: ORIGIN, size, root}, [SIGNER]);

before(async () => layOut(tiles, SIZE, log.read, await signed(SIZE)));
after(() => folder.remove());

/** The kinds that are found in a file, by tiles and without them, on one core and on two. */
async function kindsIn(name: string, content: string | Buffer, options: Partial<VerifyFilesOptions> = {}) {
  const file = folder.write(name, content);
  const kinds = async (more: Partial<VerifyFilesOptions>): Promise<FindingKind[]> =>
    Object.keys((await verifyFiles([file], {keys, ...more, ...options})).found) as FindingKind[];
  const [one, two] = [await kinds({tiles}), await kinds({tiles, cores: 2})];
  assert.deepEqual(one, two, 'on two cores');
  await kinds({checkpoint: join(tiles, 'checkpoint')});
  return one.filter(kind => kind !== 'erasure not shown').sort();
}

const csv = (entries: readonly AuditEntry[]): string =>
  [ENTRY_COLUMNS.map(({property}) => property), ...entries.map(row)].map(csvRow).join('');
const row = (entry: AuditEntry) => ENTRY_COLUMNS.map(({property}) => entry[property]);
const twiceInCsv = csv(log.entries).replace('""list"":[', '""list"":7,""list"":[');

describe('whatever a file holds, it is judged', () => {
  const line = (index: number) => lines[index] as string;
  const replaced = (index: number, by: string) => `${lines.with(index, by).join('\n')}\n`;
  const deep = (levels: number) => `{"before":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  const cases: [name: string, content: string | Buffer, kinds: FindingKind[]][] = [
    ['as it was', text, []],
    ['zipped', gzipSync(text), []],
    ['without its last line feed', text.trimEnd(), []],
    ['with blank lines and carriage returns', text.replaceAll('\n', '\r\n\r\n'), []],
    ['as a JSON list', `[${lines.join(',')}]`, ['missing', 'unreadable']],
    ['as CSV', csv(log.entries), []],
    ['as CSV, a cell with a property twice', twiceInCsv, ['missing', 'unreadable']],
    ['as CSV, cut off', csv(log.entries).slice(0, -90), ['missing', 'unreadable']],
    ['with spaces and other escapes', text.replaceAll('":', '" : ').replaceAll('Jü', 'J\\u00fc'), []],
    ['zipped and cut off', gzipSync(text).subarray(0, 9_000), ['missing', 'unreadable']],
    ['with the last line cut off', text.slice(0, -40), ['missing', 'unreadable']],
    ['empty', '', ['missing']],
    ['a line of NUL', replaced(7, '\0\0\0'), ['missing', 'unreadable']],
    ['a line that is no object', replaced(7, '[1]'), ['missing', 'unreadable']],
    ['a million levels deep', replaced(7, deep(1_000_000)), ['missing', 'unreadable']],
    ['hundreds of levels deep', replaced(7, deep(900)), ['inserted', 'missing']],
    ['a line of 17 MiB', replaced(7, `{"id":"${'x'.repeat(17 << 20)}"}`), ['missing', 'unreadable']],
    ['a property twice', replaced(7, line(7).replace('{', '{"actor":"mallory",')), ['missing', 'unreadable']],
    ['a huge number', replaced(7, line(7).replace('"leafIndex":7', '"leafIndex":1e300')), ['altered']],
    [
      'a number beyond all doubles',
      replaced(7, line(7).replace('"leafIndex":7', '"leafIndex":1e999')),
      ['missing', 'unreadable'],
    ],
    [
      'bytes that are no UTF-8',
      Buffer.from(text.replace('Jürgen', 'J\u00ffrgen'), 'latin1'),
      ['missing', 'unreadable'],
    ],
    ['nothing that is known', Buffer.alloc(5_000, 0xfe), ['missing', 'unreadable']],
  ];
  for (const [name, content, kinds] of cases) {
    test(name, async () =>
      assert.deepEqual(
        await kindsIn(name.startsWith('as CSV') ? 'trail.csv' : 'trail.ndjson', content),
        kinds,
      ),
    );
  }

  test('files that are not there, folders, and links that lead to themselves', async () => {
    symlinkSync('loop', join(folder.path, 'loop'));
    for (const name of ['none', 'loop', 'tiles']) {
      const {found} = await verifyFiles([join(folder.path, name)], {keys, tiles});
      assert.deepEqual(found, {missing: SIZE, unreadable: 1});
    }
  });
});

describe('whatever the tiles are, the entries are judged', () => {
  const at = join(folder.path, 'bent');
  const kinds = async () => {
    const file = folder.write('trail.ndjson', text);
    return Object.keys((await verifyFiles([file], {keys, tiles: at})).found);
  };
  const first = join(at, 'tile/0/000');
  const replace = (make: () => void) => {
    rmSync(first);
    make();
  };
  const bends: [name: string, bend: () => void][] = [
    ['absent', () => rmSync(join(at, 'tile'), {recursive: true})],
    ['of another length', () => writeFileSync(first, Buffer.alloc(8_191))],
    ['far too long', () => writeFileSync(first, Buffer.alloc(9 << 20))],
    ['empty', () => writeFileSync(first, '')],
    ['a folder', () => replace(() => mkdirSync(first))],
    ['a pipe', () => replace(() => execFileSync('mkfifo', [first]))],
    ['a link that leads to itself', () => replace(() => symlinkSync('000', first))],
    ['all zeroes', () => writeFileSync(first, Buffer.alloc(8_192))],
  ];
  for (const [name, bend] of bends) {
    test(name, async () => {
      rmSync(at, {recursive: true, force: true});
      await layOut(at, SIZE, log.read, await signed(SIZE));
      assert.deepEqual(await kinds(), []);
      bend();
      assert.deepEqual(await kinds(), ['tree damaged']);
    });
  }
});

describe('whatever the checkpoint is, there is an answer', () => {
  const found = async (note: string, more: Partial<VerifyFilesOptions> = {}) => {
    const file = folder.write('trail.ndjson', text);
    const checkpoint = folder.write('checkpoint', note);
    return Object.keys((await verifyFiles([file], {keys, checkpoint, ...more})).found);
  };

  test('a tree that is said to have as many leaves as numbers go', async () => {
    const note = await signed(Number.MAX_SAFE_INTEGER);
    assert.deepEqual(await found(note), ['missing']);
    const kinds = await found(note, {tiles});
    assert.ok(kinds.includes('missing') && kinds.includes('tree damaged'), String(kinds));
  });

  test('a size beyond what numbers are exact for, and texts that are no checkpoint', async () => {
    const note = await signed(SIZE);
    for (const other of [
      note.replace('\n600\n', '\n9007199254740993\n'),
      note.replace('\n600\n', '\n1e3\n'),
      note.replace('\n600\n', '\n-1\n'),
      note + note.slice(note.indexOf('— ')).repeat(10_000),
      '',
      '\0',
      '— — —\n'.repeat(1_000),
    ]) {
      assert.deepEqual(await found(other), ['unreadable']);
    }
    assert.deepEqual(await found(note.replace('\n600\n', '\n601\n')), ['bad signature']);
  });

  test('older ones, one after the other, good and bad', async () => {
    const other = signCheckpoint({origin: 'elsewhere/tenant/acme', size: 1, root: log.root}, [SIGNER]);
    const notes = [await signed(0, Buffer.alloc(32)), await other, 'rubbish\n', await signed(SIZE)];
    const against = [folder.write('older', notes.join('\n'))];
    const file = folder.write('trail.ndjson', text);
    const {findings} = await verifyFiles([file], {keys, tiles, against});
    const places = findings.map(({kind, place}) => [kind, place?.replace(/^.*: /, '')]);
    // A service keeps the checkpoints of all its logs in one file: those of others say nothing of this one.
    assert.deepEqual(places, [
      ['unreadable', 'checkpoint 3'],
      ['inconsistent checkpoints', 'checkpoint 1'],
    ]);
    const strangers = [folder.write('strangers', await other)];
    const report = await verifyFiles([file], {keys, tiles, against: strangers});
    assert.deepEqual(
      report.findings.map(({kind}) => kind),
      ['inconsistent checkpoints'],
    );
  });

  test('options that do not go together are refused', async () => {
    await assert.rejects(verifyFiles([], {keys}), {code: 'INVALID_PARAMETER'});
    const checkpoint = folder.write('checkpoint', await signed(SIZE));
    await assert.rejects(verifyFiles([], {keys, checkpoint, selection: true}), {code: 'INVALID_PARAMETER'});
  });
});
