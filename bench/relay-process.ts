import {juggler} from '@loopback/repository';
import {OutboxRelay} from '@loopback-audit/audit-log';
import {Pool} from 'pg';
import {Database} from '../dist/repositories/database';
import {relayIntoTrail} from '../dist/repositories/relay-entries';

/** Drains the outbox of the database that the parent names, in a process of its own as the service does. */
process.on('message', async (connection: object) => {
  const dataSource = new juggler.DataSource('shop', {
    connector: require('loopback-connector-postgresql'),
    ...connection,
    max: 4,
    lazyConnect: true,
    onError: () => {},
  });
  const pool = new Pool({...connection, max: 4});
  pool.on('error', () => {});
  const relay = new OutboxRelay({
    dataSource,
    forward: relayIntoTrail(new Database(async () => pool), 'acme'),
  });
  relay.start();
  process.once('disconnect', async () => {
    await relay.stop();
    await dataSource.disconnect();
    await pool.end();
  });
  process.send?.('relaying');
});
