import type {BatchLimits} from './admission/batch';
import type {S3StoreOptions} from './archive/s3-settings';
import type {Tenancy} from './identity/caller';

/** The name of the datasource that holds the trail, as SourceLoop's hosts know it. */
export const AuditDbSourceName = 'AuditDB';

/** How to reach the PostgreSQL of the trail. */
export interface DatabaseSettings {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  ssl: boolean;
}

/** Where archives, results and exports are kept. */
export type ObjectStoreOptions = {kind: 'folder'; folder: string} | ({kind: 's3'} & S3StoreOptions);

/** Options of the component: `app.configure(AuditServiceBindings.COMPONENT).to({…})`. */
export interface AuditServiceOptions {
  /** Many tenants, or one name for all callers of a host that has no tenants. */
  tenancy: Tenancy;
  /** The PostgreSQL schema that was migrated. */
  schema: string;
  store: ObjectStoreOptions;
  /**
   * Names of datasources on the database of the trail whose outboxes are drained into it. The companion package
   * fills them.
   */
  outboxes: readonly string[];
  limits: BatchLimits;
  /** Longest time that a search or a count may take, in milliseconds. */
  queryTimeoutMs: number;
  /** Exports at a time in this process; each holds a database connection. */
  concurrentExports: number;
  /** How long an archive request waits for its job before it answers with the job's id, in milliseconds. */
  archiveWaitMs: number;
  jobs: {
    /** Whether this process works on jobs; one that does not still takes them on for others. */
    run: boolean;
    /** Jobs at a time. */
    concurrency: number;
    /** How often to look for jobs of other processes, in milliseconds. */
    pollMs: number;
    /** After this time without a sign of life a job is taken over by another worker, in milliseconds. */
    leaseMs: number;
  };
}

/** What is left out has its default. */
export type AuditServiceConfig = Partial<Omit<AuditServiceOptions, 'limits' | 'jobs'>> & {
  limits?: Partial<AuditServiceOptions['limits']>;
  jobs?: Partial<AuditServiceOptions['jobs']>;
};

export const DEFAULT_AUDIT_SERVICE_OPTIONS: AuditServiceOptions = {
  tenancy: {mode: 'multi'},
  schema: 'public',
  store: {kind: 'folder', folder: '.data/objects'},
  outboxes: [],
  limits: {entryBytes: 512 << 10, arrayBytes: 8 << 20, streamBytes: 256 << 20, entries: 100_000},
  queryTimeoutMs: 10_000,
  concurrentExports: 4,
  archiveWaitMs: 60_000,
  jobs: {run: true, concurrency: 2, pollMs: 1_000, leaseMs: 30_000},
};

export function withDefaults(given: AuditServiceConfig): AuditServiceOptions {
  const defaults = DEFAULT_AUDIT_SERVICE_OPTIONS;
  return {
    ...defaults,
    ...given,
    limits: {...defaults.limits, ...given.limits},
    jobs: {...defaults.jobs, ...given.jobs},
  };
}
