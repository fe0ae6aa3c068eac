import {altered, at, SIZE, set, TARGET, type Tampering} from './tampering';

/** Changes the bytes of one tile. */
const tile = (what: string, level: number, index: number) =>
  `UPDATE audit_tiles SET hashes = ${what} WHERE tenant_id = 'acme' AND level = ${level} AND index = ${index}`;
const flip = (byte: number) => `set_byte(hashes, ${byte}, get_byte(hashes, ${byte}) # 1)`;

const note = (what: string, size = SIZE) =>
  `UPDATE audit_checkpoints SET ${what} WHERE tenant_id = 'acme' AND size = ${size}`;
const noteOf = (tenant: string, size: number) =>
  `(SELECT note FROM audit_checkpoints WHERE tenant_id = '${tenant}' AND size = ${size})`;

/** What can be done to head, tiles and checkpoints. */
export const TREE_TAMPERINGS: readonly Tampering[] = [
  {
    name: 'a hash of a full tile',
    sql: [tile(flip(40), 0, 1)],
    acme: [{kind: 'tree damaged', ...at(256, 511)}],
  },
  {
    name: 'a hash of the last tile',
    sql: [tile(flip(40), 0, 2)],
    acme: [{kind: 'tree damaged', ...at(512, SIZE - 1)}],
  },
  {name: 'a hash of level 1', sql: [tile(flip(40), 1, 0)], acme: [{kind: 'tree damaged', ...at(0, 511)}]},
  {
    name: 'hashes of both levels',
    sql: [tile(flip(40), 1, 0), tile(flip(1), 0, 2)],
    acme: [{kind: 'tree damaged'}],
  },
  {
    name: 'a full tile cut short',
    sql: [tile('substring(hashes FOR 320)', 0, 1)],
    acme: [{kind: 'tree damaged', ...at(256, 511)}],
  },
  {
    name: 'the last tile cut short',
    sql: [tile('substring(hashes FOR 320)', 0, 2)],
    acme: [{kind: 'tree damaged', ...at(512, SIZE - 1)}],
  },
  {
    name: 'a tile deleted',
    sql: ["DELETE FROM audit_tiles WHERE tenant_id = 'acme' AND level = 0 AND index = 0"],
    acme: [{kind: 'tree damaged', ...at(0, 255)}],
  },
  {
    name: 'level 1 deleted',
    sql: ["DELETE FROM audit_tiles WHERE tenant_id = 'acme' AND level = 1"],
    acme: [{kind: 'tree damaged'}],
  },
  {
    name: 'a tile too many',
    sql: [
      "INSERT INTO audit_tiles SELECT tenant_id, 3, 0, hashes FROM audit_tiles WHERE tenant_id = 'acme' AND level = 0 AND index = 0",
    ],
    acme: [{kind: 'tree damaged'}],
  },
  {
    name: 'entry and tile changed together',
    sql: [
      set("actor = 'mallory', leaf_hash = sha256('x')"),
      tile(`overlay(hashes PLACING sha256('x') FROM ${(TARGET - 256) * 32 + 1})`, 0, 1),
    ],
    acme: [
      {kind: 'tree damaged', ...at(256, 511)},
      {kind: 'altered', ...at(TARGET)},
      {kind: 'history not shown'},
    ],
    exported: altered(TARGET),
  },
  ...['size = size - 1', 'size = size + 1', "frontier = sha256('x')", "size = 0, frontier = ''"].map(
    what => ({
      name: `the head: ${what}`,
      sql: [`UPDATE audit_trees SET ${what} WHERE tenant_id = 'acme'`],
      acme: [{kind: 'tree damaged'} as const],
    }),
  ),
  {
    name: 'the head: one hash',
    sql: [
      "UPDATE audit_trees SET frontier = set_byte(frontier, 3, get_byte(frontier, 3) # 1) WHERE tenant_id = 'acme'",
    ],
    acme: [{kind: 'tree damaged'}],
  },
  {
    name: 'the head deleted',
    sql: ["DELETE FROM audit_trees WHERE tenant_id = 'acme'"],
    acme: [{kind: 'tree damaged'}],
  },
  {
    name: 'an older checkpoint in place of the newest',
    sql: [note(`note = ${noteOf('acme', 400)}`)],
    acme: [{kind: 'inconsistent checkpoints'}, {kind: 'tail unknown', ...at(400, SIZE - 1)}],
  },
  {
    name: 'the checkpoint of another tenant',
    sql: [note(`note = ${noteOf('rival', 300)}`, 400)],
    acme: [{kind: 'inconsistent checkpoints'}],
  },
  {
    name: 'a checkpoint with another root and the old signature',
    sql: [note("note = regexp_replace(note, E'\\n400\\n.', E'\\n400\\nA')", 400)],
    acme: [{kind: 'bad signature'}],
  },
  {
    name: 'a checkpoint with another size and the old signature',
    sql: [note("note = replace(note, E'\\n400\\n', E'\\n401\\n')", 400)],
    acme: [{kind: 'bad signature'}],
  },
  {name: 'a checkpoint that is none', sql: [note("note = 'lost'", 400)], acme: [{kind: 'unreadable'}]},
  {
    name: 'the newest checkpoint deleted',
    sql: [`DELETE FROM audit_checkpoints WHERE tenant_id = 'acme' AND size = ${SIZE}`],
    acme: [{kind: 'tail unknown', ...at(400, SIZE - 1)}],
  },
];
