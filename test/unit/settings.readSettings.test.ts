import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {AuditError} from '../../dist/errors';
import {readSettings, SETTINGS, type SettingDescription} from '../../dist/settings';

const SECRET = 'x'.repeat(32);
const OWN_DATABASE = {DB_HOST: 'db.example.com', DB_USER: 'audit', DB_DATABASE: 'audit'};

/** The public key of a witness. */
const WITNESS = 'witness.example/w1+e8ac8ffe+BHInrv6RrTMYe56GBvvVJrCoItvDROPOvqFEq4sMC9wg';

const faultOf = (environment: Record<string, string>): string | undefined => {
  try {
    readSettings(environment);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof AuditError);
    assert.equal(error.code, 'INVALID_SETTING');
    for (const value of Object.values(environment)) {
      if (value.length > 3) assert.ok(!error.message.includes(value), 'a value is quoted');
    }
    return error.details[0]?.field;
  }
};

describe('readSettings', () => {
  test('needs nothing for the default start', () => {
    const settings = readSettings({});
    assert.equal(settings.database, undefined);
    assert.deepEqual(settings.store, {kind: 'folder', folder: '.data/objects'});
    assert.deepEqual(settings.tenancy, {mode: 'multi'});
  });

  test('counts an empty setting as absent', () => {
    assert.deepEqual(readSettings({DB_HOST: '', PORT: ' '}), readSettings({}));
  });

  test('refuses a PostgreSQL of the operator without a way to verify tokens', () => {
    assert.equal(faultOf(OWN_DATABASE), 'JWT_SECRET');
    assert.equal(faultOf({...OWN_DATABASE, JWT_SECRET: SECRET}), undefined);
    assert.equal(faultOf({...OWN_DATABASE, JWT_JWKS_URI: 'https://issuer.example.com/keys'}), undefined);
  });

  for (const [field, environment] of [
    ['PORT', {PORT: 'http'}],
    ['PORT', {PORT: '70000'}],
    ['DB_PORT', {...OWN_DATABASE, JWT_SECRET: SECRET, DB_PORT: '0'}],
    ['DB_USER', {DB_HOST: 'db.example.com', JWT_SECRET: SECRET}],
    ['DB_DATABASE', {DB_HOST: 'db.example.com', DB_USER: 'audit', JWT_SECRET: SECRET}],
    ['DB_SSL', {...OWN_DATABASE, JWT_SECRET: SECRET, DB_SSL: 'maybe'}],
    ['JWT_SECRET', {JWT_SECRET: 'too short'}],
    ['JWT_SECRET', {JWT_SECRET: SECRET, JWT_JWKS_URI: 'https://issuer.example.com/keys'}],
    ['JWT_JWKS_URI', {JWT_JWKS_URI: 'issuer keys'}],
    ['BASE_PATH', {BASE_PATH: 'no-slash'}],
    ['LOG_LEVEL', {LOG_LEVEL: 'loud'}],
    ['SINGLE_TENANT', {SINGLE_TENANT: 'two words'}],
    ['S3_ENDPOINT', {S3_ENDPOINT: 'ftp://store.example.com'}],
    ['S3_FORCE_PATH_STYLE', {S3_FORCE_PATH_STYLE: 'sometimes'}],
    ['S3_BUCKET', {S3_BUCKET: 'My-Archives'}],
    ['S3_BUCKET', {S3_BUCKET: 'ab'}],
    ['CHECKPOINT_INTERVAL_MS', {CHECKPOINT_INTERVAL_MS: '-1'}],
    ['CHECKPOINT_ENTRIES', {CHECKPOINT_ENTRIES: '0'}],
    ['CHECKPOINT_INTERVAL_MS', {CHECKPOINT_INTERVAL_MS: '0', CHECKPOINT_LOG: 'store'}],
    ['SIGNING_KEY_FILE', {...OWN_DATABASE, JWT_SECRET: SECRET, CHECKPOINT_LOG: '/var/lib/audit/log'}],
    ['WITNESS_URL', {WITNESS_URL: 'witness one', WITNESS_KEY: WITNESS}],
    ['WITNESS_URL', {WITNESS_URL: 'https://user@witness.example.com', WITNESS_KEY: WITNESS}],
    [
      'WITNESS_URL',
      {WITNESS_URL: 'https://a.example.com,http://:secret@b.example.com', WITNESS_KEY: WITNESS},
    ],
    ['WITNESS_KEY', {WITNESS_URL: 'https://witness.example.com'}],
    ['WITNESS_KEY', {WITNESS_KEY: WITNESS}],
    ['WITNESS_KEY', {WITNESS_URL: 'https://witness.example.com', WITNESS_KEY: `${WITNESS},none`}],
    ['S3_BUCKET', {S3_BUCKET: 'a'.repeat(64)}],
    ['S3_BUCKET', {S3_BUCKET: 'archives/audit'}],
    ['S3_BUCKET', {S3_BUCKET: 'archives-'}],
    ['TRUST_PROXY', {TRUST_PROXY: 'true'}],
    ['TRUST_PROXY', {TRUST_PROXY: '-1'}],
    ['TRUST_PROXY', {TRUST_PROXY: 'proxy.example.com'}],
    ['TRUST_PROXY', {TRUST_PROXY: 'loopback,,::1'}],
    ['TRUST_PROXY', {TRUST_PROXY: '192.0.2.0/33'}],
    ['TRUST_PROXY', {TRUST_PROXY: '192.0.2.0/'}],
    ['QUERY_TIMEOUT_MS', {QUERY_TIMEOUT_MS: '-1'}],
    ['JOB_CONCURRENCY', {JOB_CONCURRENCY: '1.5'}],
    ['MIGRATE', {MIGRATE: 'yes please'}],
  ] as [string, Record<string, string>][]) {
    test(`names ${field} where it has no use: ${JSON.stringify(environment)}`, () => {
      assert.equal(faultOf(environment), field);
    });
  }

  for (const proxies of ['0', '2', 'loopback, uniquelocal', '192.0.2.7', '10.0.0.0/8,2001:db8::/32', '::1']) {
    test(`believes the proxies ${proxies}`, () => {
      assert.equal(readSettings({TRUST_PROXY: proxies}).trustProxy, proxies);
    });
  }

  test('names the bucket in the path beside an endpoint, unless told otherwise', () => {
    const bucket = {S3_BUCKET: 'my.archives-1'};
    const beside = {...bucket, S3_ENDPOINT: 'https://store.example.com'};
    const styleOf = (environment: Record<string, string>) => {
      const {store} = readSettings(environment);
      return store.kind === 's3' && store.forcePathStyle;
    };
    assert.equal(styleOf(bucket), false);
    assert.equal(styleOf(beside), true);
    assert.equal(styleOf({...beside, S3_FORCE_PATH_STYLE: 'false'}), false);
  });

  test('reads where checkpoints go', () => {
    const {checkpoints} = readSettings({});
    const witnesses = {urls: [], keys: []};
    const own = {kind: 'file', path: '.data/checkpoints.txt'};
    assert.deepEqual(checkpoints, {...checkpoints, intervalMs: 1_000, log: own, witnesses});
    assert.equal(readSettings({CHECKPOINT_INTERVAL_MS: '0'}).checkpoints.log, undefined);
    assert.equal(readSettings({...OWN_DATABASE, JWT_SECRET: SECRET}).checkpoints.log, undefined);
    assert.deepEqual(readSettings({CHECKPOINT_LOG: 'store'}).checkpoints.log, {kind: 'store'});
    const path = '/var/lib/audit/checkpoints';
    assert.deepEqual(readSettings({CHECKPOINT_LOG: path}).checkpoints.log, {kind: 'file', path});
    const two = 'https://one.example.com, https://two.example.com/log';
    assert.deepEqual(readSettings({WITNESS_URL: two, WITNESS_KEY: WITNESS}).checkpoints.witnesses, {
      urls: ['https://one.example.com', 'https://two.example.com/log'],
      keys: [WITNESS],
    });
  });

  test('.env.example lists every setting with its meaning and default, and nothing else', () => {
    const text = readFileSync(join(__dirname, '..', '..', '.env.example'), 'utf8');
    const listed = SETTINGS.map(({name, meaning, ...rest}: SettingDescription) => {
      return `# ${meaning}.\n#${name}=${rest.default ?? ''}\n`;
    });
    assert.ok(text.endsWith(listed.join('\n')), `.env.example should end with:\n\n${listed.join('\n')}`);
  });
});
