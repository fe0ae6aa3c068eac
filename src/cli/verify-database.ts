import {Pool} from 'pg';
import {openCheckpoint} from '../integrity/checkpoint';
import {Findings} from '../integrity/findings';
import {type LogReport, logReport} from '../integrity/report';
import type {NoteVerifier} from '../integrity/signed-note';
import {Database} from '../repositories/database';
import {listTenants} from '../repositories/list-tenants';
import {readSettings} from '../settings';
import {originsOf, verifyStoredLog} from '../verification/verify-database';
import {administeredDatabase} from './database';
import {withSecret} from './migrate';
import {progressBar} from './progress-bar';

export interface DatabaseToVerify {
  keys: readonly NoteVerifier[];
  /** Older checkpoints, of whichever tenants. */
  against: readonly {note: string; place: string}[];
  /** The one tenant to verify; every one without it. */
  tenant: string | undefined;
}

/**
 * Verifies the logs in the database of the settings. The last report is of checkpoints that are of no log there, where
 * there are any.
 *
 * @throws AuditError INVALID_SETTING, DATABASE_UNAVAILABLE
 */
export async function verifyDatabase({keys, against, tenant}: DatabaseToVerify): Promise<LogReport[]> {
  const {schema} = readSettings(withSecret(process.env));
  const {ssl, ...connection} = await administeredDatabase();
  const pool = new Pool({...connection, ...(ssl && {ssl: true}), max: 2});
  pool.on('error', () => {});
  try {
    const database = new Database(async () => pool, schema);
    const tenants = tenant === undefined ? await listTenants(pool, schema) : [tenant];
    const reports: LogReport[] = [];
    const bar = progressBar(process.stderr, BAR_FORMAT, tenants.length, {entries: 0});
    try {
      for (const [i, tenantId] of tenants.entries()) {
        const origins = originsOf(keys, tenantId);
        const own = against.filter(({note}) => origins.includes(openCheckpoint(note, [])?.origin ?? ''));
        const onProgress = ({entries}: {entries: number}) => bar.update(i + 1, {entries});
        reports.push(await verifyStoredLog(database, tenantId, {keys, against: own, onProgress}));
      }
    } finally {
      bar.stop();
    }
    return [...reports, ...strangers(tenants, {keys, against, tenant})];
  } finally {
    await pool.end();
  }
}

const BAR_FORMAT = 'tenant {value} of {total} | {entries} entries';

/**
 * Checkpoints that are of no log in the database: it may have had one when they were signed. Where one tenant alone is
 * verified those of others are passed over, and it is told where there is none of its own.
 */
function strangers(tenants: readonly string[], {keys, against, tenant}: DatabaseToVerify): LogReport[] {
  const known = new Set(tenants.flatMap(tenantId => originsOf(keys, tenantId)));
  const findings = new Findings();
  const origins = against.map(({note}) => openCheckpoint(note, [])?.origin);
  for (const [i, {place}] of against.entries()) {
    const origin = origins[i];
    if (origin === undefined) findings.add({kind: 'unreadable', place, detail: 'this is no checkpoint'});
    else if (tenant === undefined && !known.has(origin)) {
      findings.add({kind: 'inconsistent checkpoints', place, detail: `there is no log ${origin}`});
    }
  }
  if (tenant !== undefined && against.length > 0 && !origins.some(origin => known.has(origin ?? ''))) {
    findings.add({kind: 'history not shown', detail: 'none of the older checkpoints is of this log'});
  }
  return findings.verdict === 'proved' ? [] : [logReport(undefined, {entries: 0, proved: 0}, findings)];
}
