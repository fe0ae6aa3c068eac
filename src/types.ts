import type {BatchLimits} from './admission/batch';
import type {S3StoreOptions} from './archive/s3-settings';
import type {Tenancy} from './identity/caller';
import type {ReadKind} from './models/read-kind';

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
  /** Time between two rounds of counting entries for summaries, in milliseconds; 0 leaves it to other processes. */
  countIntervalMs: number;
  /** Ways of reading the log that are recorded in it. */
  readsLogged: readonly ReadKind[];
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
  checkpoints: {
    /** How often trees that have grown are signed, in milliseconds; 0 leaves it to whoever asks for a checkpoint. */
    intervalMs: number;
    /** They are signed at once where so many entries have come. */
    entries: number;
    /** How often trees are looked after that others have left unsigned, or changed, in milliseconds. */
    sweepMs: number;
    /** Where checkpoints are kept outside of the database: the path of a file, or the object store. */
    log: CheckpointLogOptions | undefined;
    /** Time from one checkpoint of a tenant that is kept there to the next at least, in milliseconds. */
    logIntervalMs: number;
    /** Who cosigns checkpoints: URLs of witnesses, and their public keys, one a line. */
    witnesses: {urls: readonly string[]; keys: readonly string[]; timeoutMs: number};
  };
  detection: {
    /** How often entries that have come are held against the rules, in milliseconds; 0 leaves it to other processes. */
    intervalMs: number;
    /** How often tenants are found that other processes have stored entries of, in milliseconds. */
    sweepMs: number;
  };
  streams: {
    /** Streams of entries at a time in this process. */
    limit: number;
    /** Of those, as many of one tenant. */
    tenantLimit: number;
    /** Time from one sign of life in a stream to the next, in milliseconds. */
    heartbeatMs: number;
    /** How often to look for entries that other processes have stored, in milliseconds. */
    pollMs: number;
  };
}

export type CheckpointLogOptions = {kind: 'file'; path: string} | {kind: 'store'};

/** What is left out has its default. */
export type AuditServiceConfig = Partial<
  Omit<AuditServiceOptions, 'limits' | 'jobs' | 'checkpoints' | 'detection' | 'streams'>
> & {
  checkpoints?: Partial<AuditServiceOptions['checkpoints']>;
  detection?: Partial<AuditServiceOptions['detection']>;
  streams?: Partial<AuditServiceOptions['streams']>;
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
  countIntervalMs: 10_000,
  readsLogged: [],
  concurrentExports: 4,
  archiveWaitMs: 60_000,
  jobs: {run: true, concurrency: 2, pollMs: 1_000, leaseMs: 30_000},
  checkpoints: {
    intervalMs: 1_000,
    entries: 10_000,
    sweepMs: 60_000,
    log: undefined,
    logIntervalMs: 60_000,
    witnesses: {urls: [], keys: [], timeoutMs: 10_000},
  },
  detection: {intervalMs: 2_000, sweepMs: 60_000},
  streams: {limit: 100, tenantLimit: 20, heartbeatMs: 15_000, pollMs: 250},
};

export function withDefaults(given: AuditServiceConfig): AuditServiceOptions {
  const defaults = DEFAULT_AUDIT_SERVICE_OPTIONS;
  return {
    ...defaults,
    ...given,
    limits: {...defaults.limits, ...given.limits},
    jobs: {...defaults.jobs, ...given.jobs},
    checkpoints: {...defaults.checkpoints, ...given.checkpoints},
    detection: {...defaults.detection, ...given.detection},
    streams: {...defaults.streams, ...given.streams},
  };
}
