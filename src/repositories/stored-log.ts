import type {AuditEntry} from '@loopback-audit/audit-log';
import type {RecordedArchive} from '../integrity/archive-cover';
import type {TileSpan} from '../integrity/tile';
import type {TreeHead} from '../integrity/tree-head';
import {ENTRY_COLUMNS} from '../models/entry-columns';
import type {Session} from './database';
import {entryFromRow} from './entry-row';
import {cursorRows} from './stream-entries';
import {readHead, readTiles} from './tree-rows';

/** An entry that was archived: the database has its hash alone. */
export interface ArchivedLeaf {
  id: string;
  leafIndex: number | undefined;
  leafHash: Buffer | undefined;
}

/** What a level of tiles holds in all. */
export interface LevelOfTiles {
  level: number;
  hashes: number;
  /** Hashes that it has room for up to the end of its last tile. */
  end: number;
}

/** An entry, and the JSON of it as it is stored: to the digit, which a reader of JSON may round away. */
export interface StoredEntry {
  entry: AuditEntry;
  json: [property: keyof AuditEntry, text: string][];
}

function storedEntry(row: readonly unknown[]): StoredEntry {
  const json: StoredEntry['json'] = [];
  const values = ENTRY_COLUMNS.map(({property, kind}, i) => {
    if (kind !== 'json' || row[i] === null) return row[i];
    json.push([property, String(row[i])]);
    return JSON.parse(String(row[i]));
  });
  return {entry: entryFromRow(values), json};
}

/** All that the database keeps of the log of one tenant, in one transaction of `audit_reader`. */
export class StoredLog {
  constructor(
    private readonly session: Session,
    readonly tenantId: string,
  ) {}

  /** The stored entries in the order of their leaves, those without one last. */
  async *entries(): AsyncGenerator<StoredEntry[]> {
    const columns = ENTRY_COLUMNS.map(({column, kind}) => (kind === 'json' ? `${column}::text` : column));
    const text = `SELECT ${columns.join(', ')} FROM audit_entries WHERE tenant_id = $1 ORDER BY leaf_index NULLS LAST`;
    for await (const rows of cursorRows(this.session, text, [this.tenantId])) yield rows.map(storedEntry);
  }

  /** The archived entries in the order of their leaves. */
  async *archived(): AsyncGenerator<ArchivedLeaf[]> {
    const text = `SELECT id, leaf_index, leaf_hash FROM archived_entries WHERE tenant_id = $1 ORDER BY leaf_index`;
    for await (const rows of cursorRows(this.session, text, [this.tenantId])) {
      yield rows.map(([id, leafIndex, leafHash]) => ({
        id: String(id),
        leafIndex: leafIndex === null ? undefined : Number(leafIndex),
        leafHash: leafHash === null ? undefined : Buffer.from(String(leafHash), 'hex'),
      }));
    }
  }

  /** The archives whose entries have left the trail, where these had leaves. */
  async archives(): Promise<RecordedArchive[]> {
    const text = `SELECT entries, first_leaf, last_leaf FROM mapping_logs
      WHERE tenant_id = $1 AND state = 'done' AND first_leaf IS NOT NULL AND last_leaf IS NOT NULL`;
    const rows = await this.session.rows(text, [this.tenantId]);
    return rows.map(([entries, first, last]) => ({
      entries: Number(entries),
      first: Number(first),
      last: Number(last),
    }));
  }

  /** Signed checkpoints, each with the size that it is kept for, the smallest first. */
  async *checkpoints(): AsyncGenerator<{size: number; note: string}[]> {
    const text = 'SELECT size, note FROM audit_checkpoints WHERE tenant_id = $1 ORDER BY size';
    for await (const rows of cursorRows(this.session, text, [this.tenantId])) {
      yield rows.map(([size, note]) => ({size: Number(size), note: String(note)}));
    }
  }

  async head(): Promise<TreeHead> {
    return (await readHead(this.session, this.tenantId)).head;
  }

  tiles(spans: readonly TileSpan[]): Promise<Buffer[]> {
    return readTiles(this.session, this.tenantId, spans);
  }

  /** The levels of tiles, the lowest first. */
  async levels(): Promise<LevelOfTiles[]> {
    const text = `SELECT level, sum(octet_length(hashes))::bigint / 32,
        max(index * 256 + octet_length(hashes) / 32)
      FROM audit_tiles WHERE tenant_id = $1 GROUP BY level ORDER BY level`;
    const rows = await this.session.rows(text, [this.tenantId]);
    return rows.map(([level, hashes, end]) => ({
      level: Number(level),
      hashes: Number(hashes),
      end: Number(end),
    }));
  }

  /** One more than the highest leaf index that an entry has; 0 where none has one. */
  async end(): Promise<number> {
    const text = `SELECT greatest((SELECT max(leaf_index) FROM audit_entries WHERE tenant_id = $1),
      (SELECT max(leaf_index) FROM archived_entries WHERE tenant_id = $1))`;
    const [[last] = []] = await this.session.rows(text, [this.tenantId]);
    return last === null || last === undefined ? 0 : Number(last) + 1;
  }
}
