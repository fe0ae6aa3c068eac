import {ENTRY_COLUMNS, type EntryColumn} from '../../dist/models/entry-columns';
import {ARCHIVE_TAMPERINGS} from './archive-tamperings';
import {altered, at, both, row, SIZE, set, TARGET, type Tampering} from './tampering';
import {TREE_TAMPERINGS} from './tree-tamperings';

/** Another value for a column. */
const OTHER: Record<EntryColumn['kind'], (column: string) => string> = {
  uuid: () => 'gen_random_uuid()',
  text: column => `${column} || 'x'`,
  time: column => `${column} + interval '1 microsecond'`,
  json: () => `'{"forged": true}'`,
  textArray: column => `${column} || 'forged'::text`,
  ip: () => `'203.0.113.9'`,
  bigint: column => `${column} + 1000`,
  bytes: column => `sha256(${column})`,
};

const SPECIAL = ['tenantId', 'leafIndex', 'salt', 'commitments'];

const columns: Tampering[] = ENTRY_COLUMNS.filter(({property}) => !SPECIAL.includes(property)).flatMap(
  ({property, column, kind}): Tampering[] => [
    {
      name: `another ${property}`,
      sql: [set(`${column} = ${OTHER[kind](column)}`)],
      ...both(altered(TARGET, property === 'leafHash' ? property : undefined)),
    },
  ],
);

/** A copy of an entry with other content, at a place of the forger's choosing. */
const forge = (leafIndex: string, more = '') => `
  CREATE TEMP TABLE forged AS SELECT * FROM audit_logs WHERE ${row(TARGET)};
  UPDATE forged SET id = gen_random_uuid(), actor = 'mallory', leaf_index = ${leafIndex}, leaf_hash = sha256('forged')${more};
  INSERT INTO audit_logs SELECT * FROM forged`;

const swap = (columnNames: string, from: number, to: number) => `
  UPDATE audit_logs AS a SET (${columnNames}) = (SELECT ${columnNames
    .split(', ')
    .map(name => `b.${name}`)
    .join(', ')} FROM audit_logs b
    WHERE b.tenant_id = 'acme' AND b.leaf_index = ${from} + ${to} - a.leaf_index)
  WHERE a.tenant_id = 'acme' AND a.leaf_index IN (${from}, ${to})`;

const rows: Tampering[] = [
  {name: 'another salt', sql: [set("salt = decode(repeat('ab', 16), 'hex')")], ...both(altered(TARGET))},
  {name: 'a salt cut short', sql: [set("salt = '\\x00'")], ...both(altered(TARGET, 'salt'))},
  {name: 'no salt', sql: [set('salt = NULL')], ...both(altered(TARGET, 'salt'))},
  {name: 'no leaf hash', sql: [set("leaf_hash = NULL, actor = 'mallory'")], ...both(altered(TARGET))},
  {
    name: 'commitments beside the values',
    sql: [set("commitments = '{}'")],
    ...both(altered(TARGET, 'actorEmail')),
  },
  {
    name: 'a number that readers round to what it was',
    sql: [set(`metadata = jsonb_set(metadata, '{number}', '${TARGET}.00000000000000000000001')`)],
    acme: altered(TARGET, 'metadata'),
  },
  {
    name: 'a JSON null where there was no value',
    sql: [set("before = 'null'", 5)],
    acme: altered(5, 'before'),
  },
  {name: 'a value that was none', sql: [set("session_id = 's-2'", 5)], ...both(altered(5))},
  {name: 'a value gone', sql: [set('reason = NULL')], ...both(altered(TARGET))},
  {
    name: 'content and leaf hash together',
    sql: [set("actor = 'mallory', leaf_hash = sha256('x')")],
    ...both(altered(TARGET)),
  },
  {
    name: 'an index beyond the tree',
    sql: [set('leaf_index = 5000')],
    ...both([{kind: 'reordered', ...at(TARGET), field: 'leafIndex'}]),
  },
  {
    name: 'the index of another entry',
    sql: [set('leaf_index = 17')],
    ...both([{kind: 'reordered', ...at(TARGET), field: 'leafIndex'}]),
  },
  {
    name: 'no leaf index',
    sql: [set('leaf_index = NULL')],
    ...both([{kind: 'altered', ...at(TARGET), field: 'leafIndex'}]),
  },
  {
    name: 'two leaf indexes swapped',
    sql: [swap('leaf_index', 100, 400)],
    ...both([
      {kind: 'reordered', ...at(100)},
      {kind: 'reordered', ...at(400)},
    ]),
  },
  {
    name: 'the contents of two entries swapped',
    sql: [swap('actor, action, entity_id', 100, 400)],
    ...both([...altered(100), ...altered(400)]),
  },
  {
    name: 'two whole rows swapped',
    sql: [swap('leaf_index, leaf_hash', 256, 255)],
    ...both([
      {kind: 'reordered', ...at(255)},
      {kind: 'reordered', ...at(256)},
    ]),
  },
  ...[0, 256, SIZE - 1].map(leaf => ({
    name: `leaf ${leaf} deleted`,
    sql: [`DELETE FROM audit_logs WHERE ${row(leaf)}`],
    ...both([{kind: 'missing', ...at(leaf)}]),
  })),
  {
    name: 'a range deleted',
    sql: ["DELETE FROM audit_logs WHERE tenant_id = 'acme' AND leaf_index BETWEEN 200 AND 299"],
    ...both([{kind: 'missing', ...at(200, 299)}]),
  },
  {
    name: 'every row deleted',
    sql: ["DELETE FROM audit_logs WHERE tenant_id = 'acme'"],
    ...both([{kind: 'missing', ...at(0, SIZE - 1)}]),
  },
  {
    name: 'a forged row with the next index',
    sql: [forge(String(SIZE))],
    acme: [{kind: 'inserted', ...at(SIZE)}],
    exported: [{kind: 'altered', ...at(SIZE)}],
  },
  {
    name: 'a forged row with an index that is taken',
    sql: [forge('42')],
    ...both([{kind: 'inserted', ...at(42)}]),
  },
  {
    name: 'a forged row without an index',
    sql: [forge('NULL')],
    ...both([{kind: 'inserted', field: 'leafIndex'}]),
  },
  {
    name: 'a forged row in place of one that was deleted',
    sql: [
      `${forge('43')}; DELETE FROM audit_logs WHERE tenant_id = 'acme' AND leaf_index = 43 AND actor <> 'mallory'`,
    ],
    ...both(altered(43)),
  },
  {
    name: 'an entry moved to another tenant',
    sql: [set("tenant_id = 'rival', leaf_index = 5000")],
    ...both([{kind: 'missing', ...at(TARGET)}]),
    rival: [{kind: 'inserted', ...at(5000)}],
  },
  {
    name: 'every entry moved to another tenant',
    sql: ["UPDATE audit_logs SET tenant_id = 'thief' WHERE tenant_id = 'acme'"],
    ...both([{kind: 'missing', ...at(0, SIZE - 1)}]),
  },
  {
    name: 'an erased value put back, with another',
    sql: [set("reason = 'nothing happened'", 10)],
    ...both(altered(10, 'reason')),
  },
  {
    name: 'an erased value put back, with a salt',
    sql: [set("reason = 'nothing', salt = decode(repeat('00', 16), 'hex')", 10)],
    ...both(altered(10, 'reason')),
  },
  {
    name: 'a commitment changed',
    sql: [set(`commitments = commitments || '{"reason": "AAAA"}'`, 10)],
    ...both(altered(10)),
  },
  {
    name: 'the record of an erasure turned to another entry',
    sql: [set(`metadata = '{"leaves": [[11, 11]]}'`, 20)],
    ...both([...altered(20), {kind: 'erased without record', ...at(10)}]),
  },
  {
    name: 'the record of an erasure deleted',
    sql: [`DELETE FROM audit_logs WHERE ${row(20)}`],
    ...both([
      {kind: 'missing', ...at(20)},
      {kind: 'erasure not shown', ...at(10)},
    ]),
  },
];

/** Every tampering that SQL alone can do. */
export const TAMPERINGS: readonly Tampering[] = [
  ...columns,
  ...rows,
  ...ARCHIVE_TAMPERINGS,
  ...TREE_TAMPERINGS,
];
