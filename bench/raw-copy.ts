import {finished} from 'node:stream/promises';
import {Pool} from 'pg';
import {from as copyFrom} from 'pg-copy-streams';
import type {DatabaseSettings} from '../dist';
import {admit} from '../dist/admission/admit';
import {COPIED_COLUMNS} from '../dist/repositories/copy-text';
import {leafRow} from '../dist/repositories/leaf-row';
import {benchEntry} from './bench-entry';

/** Rows as the service stores them, in batches, with ids of their own. */
export function rawBatches(batches: number, rows: number): Buffer[] {
  const bearer = {tenantId: 'raw', actor: 'tester', actorType: 'user'} as const;
  return Array.from({length: batches}, (_, b) =>
    Buffer.from(
      Array.from({length: rows}, (_, i) => {
        const n = b * rows + i;
        return `raw\t${n}${leafRow(admit(benchEntry(n), bearer)).row}\n`;
      }).join(''),
    ),
  );
}

/** Rows a second by COPY into a table that has the columns and indexes of entries, a batch a transaction. */
export async function rawCopy(
  {ssl: _ssl, ...connection}: DatabaseSettings,
  batches: readonly Buffer[],
  rows: number,
  connections: number,
): Promise<number> {
  const pool = new Pool({...connection, max: connections});
  await pool.query('DROP TABLE IF EXISTS raw_logs');
  await pool.query('CREATE TABLE raw_logs (LIKE audit_logs_default INCLUDING ALL EXCLUDING COMMENTS)');
  const columns = ['tenant_id', ...COPIED_COLUMNS].join(', ');
  const begun = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({length: connections}, async () => {
      const client = await pool.connect();
      for (let batch = batches[next++]; batch; batch = batches[next++]) {
        const copy = client.query(copyFrom(`COPY raw_logs (${columns}) FROM STDIN`));
        copy.end(batch);
        await finished(copy);
      }
      client.release();
    }),
  );
  const seconds = (performance.now() - begun) / 1_000;
  await pool.query('DROP TABLE raw_logs');
  await pool.end();
  return (batches.length * rows) / seconds;
}
