/**
 * db-migrate's PostgreSQL driver, made safe for many processes that migrate one database at once.
 *
 * db-migrate reads which migrations have run before it runs the rest, and holds no lock between the two.
 * This driver takes a session-level advisory lock as soon as it is connected, so the next process reads
 * that list only after the one before it has finished. PostgreSQL frees the lock with the connection,
 * also when the process dies.
 */
const pg = require('pg');
const postgres = require('db-migrate-pg');

/** Any number will do, as long as every process uses the same one. */
const MIGRATION_LOCK = 4_027_118_331;

const settle = (promise, callback) => promise.then(value => callback(null, value), callback);

async function connect(config, internals) {
  const client = new pg.Client({
    host: config.host,
    port: config.port,
    user: config.user,
    password: config.password,
    database: config.database,
    ssl: config.ssl === 'true',
  });
  await client.connect();
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  const schema = config.schema || 'public';
  if (schema !== 'public') {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(schema)}`);
  }
  return new Promise((resolve, reject) => {
    postgres.connect({...config, schema, db: alreadyConnected(client)}, internals, (error, driver) =>
      error ? reject(error) : resolve(driver),
    );
  });
}

/** db-migrate-pg connects whatever client it is given; this one has been connected for it. */
function alreadyConnected(client) {
  client.connect = callback => callback(null);
  return client;
}

exports.connect = (config, internals, callback) => settle(connect(config, internals), callback);
exports.base = postgres.base;
