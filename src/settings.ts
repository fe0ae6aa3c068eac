import {isIP} from 'node:net';
import {TENANT_PATTERN} from './admission/property-rules';
import {AuditError} from './errors';
import type {Tenancy} from './identity/caller';
import {parseWitnessKey} from './integrity/cosignature';
import {READ_KINDS, type ReadKind} from './models/read-kind';
import {SETTINGS, type SettingDescription, type SettingName} from './settings/described-settings';
import type {CheckpointLogOptions, DatabaseSettings, ObjectStoreOptions} from './types';

export {SETTINGS, type SettingDescription, type SettingName};

export interface Settings {
  host: string;
  port: number;
  basePath: string | undefined;
  trustProxy: string | undefined;
  logLevel: string;
  dataDir: string;
  /** Absent where the service brings its own PostgreSQL. */
  database: DatabaseSettings | undefined;
  schema: string;
  poolMax: number;
  migrate: boolean;
  jwt: {
    secret: string | undefined;
    jwksUri: string | undefined;
    issuer: string | undefined;
    audience: string | undefined;
  };
  tenancy: Tenancy;
  signing: {
    origin: string;
    file: string | undefined;
    keys: string | undefined;
    /** The file of public keys that signed earlier. */
    history: string | undefined;
  };
  checkpoints: {
    intervalMs: number;
    entries: number;
    log: CheckpointLogOptions | undefined;
    logIntervalMs: number;
    witnesses: {urls: string[]; keys: string[]};
  };
  detection: {intervalMs: number};
  store: ObjectStoreOptions;
  queryTimeoutMs: number;
  countIntervalMs: number;
  readsLogged: ReadKind[];
  archiveWaitMs: number;
  jobConcurrency: number;
  jobLeaseMs: number;
  exportConcurrency: number;
  streams: {limit: number; tenantLimit: number; heartbeatMs: number; pollMs: number};
  shutdownGraceMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The refusal of a setting; no value is quoted. */
export const wrong = (name: SettingName, message: string): AuditError =>
  new AuditError('INVALID_SETTING', `${name} ${message}.`, [{field: name, code: 'INVALID_SETTING', message}]);

/** The general purpose buckets of S3, and what its namesakes take as well. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Where a start that brings its own PostgreSQL keeps checkpoints, in its data folder. */
const OWN_CHECKPOINT_LOG = 'checkpoints.txt';

const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

/** An address, or a network in CIDR notation. */
function isNetwork(text: string): boolean {
  const [, address = text, bits] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128);
}

/** Express would only tell of a wrong list by an exception in the middle of the start. */
const isTrustedProxies = (text: string): boolean =>
  /^\d{1,3}$/.test(text) ||
  text.split(',').every(each => PROXY_NAMES.includes(each.trim()) || isNetwork(each.trim()));

/**
 * Reads and checks the environment. Empty settings count as absent.
 *
 * @throws AuditError INVALID_SETTING for the first setting that is missing or has no use; no value is quoted
 */
export function readSettings(environment: Environment): Settings {
  const text = (name: SettingName): string | undefined => {
    const described: SettingDescription | undefined = SETTINGS.find(setting => setting.name === name);
    return environment[name]?.trim() || described?.default;
  };
  const needed = (name: SettingName, why: string): string => {
    const value = text(name);
    if (value === undefined) throw wrong(name, `is missing: ${why}`);
    return value;
  };
  const whole = (name: SettingName, least: number, most: number): number => {
    const value = text(name) ?? '';
    if (!/^\d{1,9}$/.test(value) || Number(value) < least || Number(value) > most) {
      throw wrong(name, `must be a whole number from ${least} to ${most}`);
    }
    return Number(value);
  };
  const flag = (name: SettingName): boolean | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false') throw wrong(name, 'must be true or false');
    return value === 'true';
  };
  const url = (name: SettingName): string | undefined => {
    const value = text(name);
    if (value !== undefined && !(URL.canParse(value) && /^https?:/.test(value)))
      throw wrong(name, 'must be a URL');
    return value;
  };

  const readKinds = (): ReadKind[] => {
    const kinds = (text('READS_LOGGED') ?? '')
      .split(',')
      .map(kind => kind.trim())
      .filter(kind => kind !== '');
    if (kinds.some(kind => !READ_KINDS.includes(kind as ReadKind))) {
      throw wrong('READS_LOGGED', `must be some of ${READ_KINDS.join(', ')}, separated by commas`);
    }
    return kinds as ReadKind[];
  };

  const host = text('DB_HOST');
  const database: DatabaseSettings | undefined = host
    ? {
        host,
        port: whole('DB_PORT', 1, 65_535),
        user: needed('DB_USER', 'DB_HOST needs it'),
        password: text('DB_PASSWORD') ?? '',
        database: needed('DB_DATABASE', 'DB_HOST needs it'),
        ssl: flag('DB_SSL') ?? false,
      }
    : undefined;
  const secret = text('JWT_SECRET');
  const jwksUri = url('JWT_JWKS_URI');
  if (secret !== undefined && Buffer.byteLength(secret) < 32) {
    throw wrong('JWT_SECRET', 'must have 32 bytes or more (RFC 7518, section 3.2)');
  }
  if (secret !== undefined && jwksUri !== undefined)
    throw wrong('JWT_SECRET', 'does not go together with JWT_JWKS_URI');
  if (database && secret === undefined && jwksUri === undefined) {
    throw wrong('JWT_SECRET', 'is missing: with DB_HOST, set it or JWT_JWKS_URI');
  }
  const basePath = text('BASE_PATH');
  if (basePath !== undefined && !/^(\/[\w.~-]+)+$/.test(basePath))
    throw wrong('BASE_PATH', 'must look like /audit');
  const logLevel = text('LOG_LEVEL') ?? 'info';
  if (!['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].includes(logLevel)) {
    throw wrong('LOG_LEVEL', 'must be trace, debug, info, warn, error, fatal or silent');
  }
  const tenantId = text('SINGLE_TENANT');
  if (tenantId !== undefined && !TENANT_PATTERN.test(tenantId)) {
    throw wrong('SINGLE_TENANT', 'must be 1 to 128 characters of visible ASCII');
  }
  const origin = needed('LOG_ORIGIN', '');
  if (!/^[a-z0-9][a-z0-9.:/_~-]{0,127}$/.test(origin)) {
    throw wrong('LOG_ORIGIN', 'must be a URL without its scheme, such as audit.example.com');
  }
  const signing = {
    ...{origin, file: text('SIGNING_KEY_FILE'), keys: text('SIGNING_KEY')},
    history: text('SIGNING_KEY_HISTORY'),
  };
  if (signing.file !== undefined && signing.keys !== undefined)
    throw wrong('SIGNING_KEY', 'does not go together with SIGNING_KEY_FILE');
  const witnesses = readWitnesses(text('WITNESS_URL'), text('WITNESS_KEY'));
  const dataDir = needed('AUDIT_DATA_DIR', '');
  const intervalMs = whole('CHECKPOINT_INTERVAL_MS', 0, 86_400_000);
  const ownLog = database || intervalMs === 0 ? undefined : `${dataDir}/${OWN_CHECKPOINT_LOG}`;
  const checkpointLog = text('CHECKPOINT_LOG') ?? ownLog;
  if (checkpointLog !== undefined || witnesses.urls.length > 0) {
    const who = checkpointLog === undefined ? 'WITNESS_URL' : 'CHECKPOINT_LOG';
    if (intervalMs === 0) throw wrong('CHECKPOINT_INTERVAL_MS', `must not be 0: ${who} needs checkpoints`);
    if (database && signing.file === undefined && signing.keys === undefined)
      throw wrong('SIGNING_KEY_FILE', `is missing: ${who} needs checkpoints`);
  }
  const schema = text('DB_SCHEMA') ?? 'public';
  if (!/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw wrong('DB_SCHEMA', 'must be 1 to 63 of a-z, 0-9 and _, with no digit first and not pg_');
  }
  const trustProxy = text('TRUST_PROXY');
  if (trustProxy !== undefined && !isTrustedProxies(trustProxy)) {
    const named = 'loopback, linklocal, uniquelocal, addresses and networks such as 10.0.0.0/8';
    throw wrong('TRUST_PROXY', `must be a number of hops, or ${named}, separated by commas`);
  }
  const bucket = text('S3_BUCKET');
  if (bucket !== undefined && !BUCKET_NAME.test(bucket)) {
    const letters = 'lower-case letters, digits, dots and hyphens, with a letter or digit at both ends';
    throw wrong('S3_BUCKET', `must be 3 to 63 ${letters}`);
  }
  const endpoint = url('S3_ENDPOINT');
  const forcePathStyle = flag('S3_FORCE_PATH_STYLE') ?? endpoint !== undefined;
  const prefix = text('S3_PREFIX');
  const region = text('AWS_REGION');
  return {
    host: text('HOST') ?? '',
    port: whole('PORT', 0, 65_535),
    basePath,
    trustProxy,
    logLevel,
    dataDir,
    database,
    schema,
    poolMax: whole('DB_POOL_MAX', 4, 1_000),
    migrate: flag('MIGRATE') ?? true,
    jwt: {secret, jwksUri, issuer: text('JWT_ISSUER'), audience: text('JWT_AUDIENCE')},
    tenancy: tenantId === undefined ? {mode: 'multi'} : {mode: 'single', tenantId},
    signing,
    checkpoints: {
      intervalMs,
      entries: whole('CHECKPOINT_ENTRIES', 1, 100_000_000),
      log: logOptions(checkpointLog),
      logIntervalMs: whole('CHECKPOINT_LOG_INTERVAL_MS', 0, 86_400_000),
      witnesses,
    },
    detection: {intervalMs: whole('DETECTION_INTERVAL_MS', 0, 86_400_000)},
    store: bucket
      ? {
          kind: 's3',
          bucket,
          ...(prefix && {prefix}),
          ...(region && {region}),
          ...(endpoint && {endpoint}),
          forcePathStyle,
        }
      : {kind: 'folder', folder: `${dataDir}/objects`},
    queryTimeoutMs: whole('QUERY_TIMEOUT_MS', 1, 3_600_000),
    countIntervalMs: whole('COUNT_INTERVAL_MS', 0, 3_600_000),
    readsLogged: readKinds(),
    archiveWaitMs: whole('ARCHIVE_WAIT_MS', 0, 3_600_000),
    jobConcurrency: whole('JOB_CONCURRENCY', 0, 32),
    jobLeaseMs: whole('JOB_LEASE_MS', 300, 3_600_000),
    exportConcurrency: whole('EXPORT_CONCURRENCY', 1, 100),
    streams: {
      limit: whole('STREAM_LIMIT', 0, 10_000),
      tenantLimit: whole('STREAM_TENANT_LIMIT', 0, 10_000),
      heartbeatMs: whole('STREAM_HEARTBEAT_MS', 100, 60_000),
      pollMs: whole('STREAM_POLL_MS', 20, 60_000),
    },
    shutdownGraceMs: whole('SHUTDOWN_GRACE_MS', 0, 600_000),
  };
}

const logOptions = (log: string | undefined): CheckpointLogOptions | undefined =>
  log === undefined ? undefined : log === 'store' ? {kind: 'store'} : {kind: 'file', path: log};

function readWitnesses(url: string | undefined, key: string | undefined): {urls: string[]; keys: string[]} {
  const [urls, keys] = [url, key].map(list => list?.split(',').map(each => each.trim()) ?? []) as [
    string[],
    string[],
  ];
  if (urls.some(each => !URL.canParse(each) || !/^https?:/.test(each)))
    throw wrong('WITNESS_URL', 'must be URLs');
  // A request to such a URL is refused, each time, and its password would be told.
  if (urls.some(each => new URL(each).username !== '' || new URL(each).password !== ''))
    throw wrong('WITNESS_URL', 'must not name a user or password');
  if (urls.length > 0 !== keys.length > 0) throw wrong('WITNESS_KEY', 'goes together with WITNESS_URL');
  for (const each of keys) {
    try {
      parseWitnessKey(each);
    } catch {
      throw wrong('WITNESS_KEY', 'must be public keys of cosignatures, as name+id+key');
    }
  }
  return {urls, keys};
}
