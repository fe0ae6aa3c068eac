import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Client, Pool} from 'pg';
import {type DatabaseSettings, migrate} from '../dist';
import {startEmbeddedPostgres} from '../dist/embedded/embedded-postgres';
import {seedEntries} from '../dist-test/support/seed-entries';
import {databaseEnvironment, type ServeProcess, serve} from '../dist-test/support/serve-process';
import {testToken} from '../dist-test/support/test-token';

export const TENANT = 'acme';

/** The service as a process of its own, on a database with a known number of entries. */
export interface BenchService {
  process: ServeProcess;
  url: string;
  token: string;
  settings: DatabaseSettings;
  stop(): Promise<void>;
}

/** One PostgreSQL in a temporary folder, which makes each number of entries once and hands out copies. */
export class BenchServer {
  private readonly seeded = new Set<string>();

  private constructor(
    private readonly folder: string,
    readonly settings: DatabaseSettings,
    private readonly stopPostgres: () => Promise<void>,
  ) {}

  static async start(): Promise<BenchServer> {
    const folder = await mkdtemp(join(tmpdir(), 'audit-bench-'));
    const postgres = await startEmbeddedPostgres(folder, ['max_wal_size=4GB', 'shared_buffers=256MB']);
    await migrate(postgres.settings, 'public');
    return new BenchServer(folder, postgres.settings, postgres.stop);
  }

  /** A fresh copy of a database with so many entries. */
  async copy(rows: number): Promise<{settings: DatabaseSettings; drop(): Promise<void>}> {
    const template = await this.seed(rows);
    const database = `${template}_copy`;
    const drop = () => this.onServer(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await drop();
    await this.onServer(`CREATE DATABASE ${database} TEMPLATE ${template} STRATEGY file_copy`);
    return {settings: {...this.settings, database}, drop};
  }

  /** Starts a fresh service on a fresh copy of a database with so many entries, once that is prepared. */
  async serve(
    rows: number,
    environment: Record<string, string> = {},
    prepare: (settings: DatabaseSettings) => Promise<void> = async () => {},
  ): Promise<BenchService> {
    const {settings, drop} = await this.copy(rows);
    await prepare(settings);
    const dataDir = await mkdtemp(join(this.folder, 'objects-'));
    const service = serve({
      ...databaseEnvironment(settings),
      ...{AUDIT_DATA_DIR: dataDir, LOG_LEVEL: 'warn'},
      ...environment,
    });
    const url = await service.serving();
    const token = await testToken({tenantId: TENANT});
    return {
      ...{process: service, url, token, settings},
      stop: async () => {
        await service.end();
        await drop();
        await rm(dataDir, {recursive: true, force: true});
      },
    };
  }

  async stop(): Promise<void> {
    await this.stopPostgres();
    await rm(this.folder, {recursive: true, force: true});
  }

  /** The name of a database with so many entries, of several tenants that take turns where there are some. */
  async seed(rows: number, tenants: readonly string[] = [TENANT]): Promise<string> {
    const database = `bench_${rows}_${tenants.length}`;
    if (this.seeded.has(database)) return database;
    process.stderr.write(`making ${rows.toLocaleString('en')} entries …\n`);
    await this.onServer(`CREATE DATABASE ${database} TEMPLATE ${this.settings.database}`);
    const {ssl: _ssl, ...connection} = this.settings;
    const pool = new Pool({...connection, database, max: 1});
    await withoutIndexes(pool, () => seedEntries(pool, tenants, rows));
    await pool.query('VACUUM (FREEZE, ANALYZE) audit_logs');
    await pool.query('CHECKPOINT');
    await pool.end();
    this.seeded.add(database);
    return database;
  }

  private async onServer(statement: string): Promise<void> {
    const {ssl: _ssl, ...connection} = this.settings;
    const client = new Client({...connection, database: 'postgres'});
    await client.connect();
    await client.query(statement);
    await client.end();
  }
}

/** Entries are loaded in a fraction of the time where the indexes are made afterwards. */
async function withoutIndexes(pool: Pool, load: () => Promise<void>): Promise<void> {
  const {rows} = await pool.query(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
      WHERE indrelid = 'audit_logs'::regclass AND NOT indisprimary`,
  );
  for (const {name} of rows) await pool.query(`DROP INDEX ${name}`);
  await load();
  await pool.query("SET maintenance_work_mem = '512MB'");
  for (const {definition} of rows) await pool.query(definition.replace(' ON ONLY ', ' ON '));
}
