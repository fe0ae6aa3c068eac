import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {OutboxRelay} from '@loopback-audit/audit-log';
import {relayIntoTrail} from '../../../dist/repositories/relay-entries';
import {openShop, type Shop} from '../../support/audited-products';
import {eventually} from '../../support/eventually';

const KILLS = 200;
/** Hosts that share the outbox at a time. */
const HOSTS = 2;

let shop: Shop;
before(async () => {
  shop = await openShop('audit');
  // What the database itself says of each committed change: the truth that the trail is held against.
  await shop.db.admin.query(`
    CREATE TABLE truth (position bigserial PRIMARY KEY, action text, id int, name text);
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN RETURN NULL; END IF;
      INSERT INTO truth (action, id, name) VALUES (TG_OP, coalesce(NEW.id, OLD.id), coalesce(NEW.name, OLD.name));
      RETURN NULL;
    END $$;
    CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON product FOR EACH ROW EXECUTE FUNCTION tell();`);
});
after(() => shop.stop());

/** Starts a host, lets it work for a moment that nobody knows beforehand, and kills it. */
async function killOnce(name: string): Promise<void> {
  const {user, password, host, port, database} = shop.db.settings;
  const child = spawn(process.execPath, [join(__dirname, '..', '..', 'support', 'killed-host.js')], {
    env: {
      ...process.env,
      HOST_NAME: name,
      HOST_DB: `postgres://${user}:${password}@${host}:${port}/${database}`,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise<void>((ready, failed) => {
    child.stdout?.once('data', () => ready());
    child.once('exit', code => failed(new Error(`the host ended by itself with ${code}`)));
  });
  await sleep(Math.random() * 150);
  child.removeAllListeners('exit');
  const gone = new Promise(done => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
}

test(`${KILLS} hosts are killed at work: every committed change has one entry, every entry its change`, async () => {
  let left = KILLS;
  const killer = async (number: number) => {
    while (left-- > 0) await killOnce(`host-${number}-${left}`);
  };
  await Promise.all(Array.from({length: HOSTS}, (_, i) => killer(i)));

  const relay = new OutboxRelay({
    dataSource: shop.dataSource,
    forward: relayIntoTrail(shop.db.database, 'acme'),
  });
  relay.start();
  await eventually('the outbox is empty', async () => {
    const {rows} = await shop.db.admin.query('SELECT count(*)::int AS n FROM audit_outbox');
    return rows[0].n === 0 ? true : undefined;
  });
  await relay.stop();

  const rejected = await shop.db.admin.query('SELECT reason FROM audit_outbox_rejected');
  assert.deepEqual(rejected.rows, []);
  const truth = await shop.db.admin.query(
    'SELECT id::text AS id, array_agg(action ORDER BY position) AS actions, array_agg(name ORDER BY position) AS names FROM truth GROUP BY id ORDER BY id',
  );
  const trail = await shop.db.admin.query(`
    SELECT entity_id AS id,
           array_agg(split_part(action, '_', 1) ORDER BY acted_at) AS actions,
           array_agg(coalesce(after, before) ->> 'name' ORDER BY acted_at) AS names
      FROM audit_logs GROUP BY entity_id ORDER BY entity_id`);
  assert.ok(truth.rows.length >= KILLS, 'the hosts were at work');
  assert.deepEqual(
    new Map(trail.rows.map(row => [row.id, row])),
    new Map(truth.rows.map(row => [row.id, row])),
  );
});
