import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Client} from 'pg';
import {Flight, type Statement} from '../../dist/repositories/flight';
import {createTestDatabase, type TestDatabase} from '../support/test-database';

let db: TestDatabase;
let client: Client;
before(async () => {
  db = await createTestDatabase('template0');
  const {ssl: _ssl, ...connection} = db.settings;
  client = new Client(connection);
  await client.connect();
  await client.query('CREATE TABLE letters (n int PRIMARY KEY, letter text)');
});
after(async () => {
  await client.end();
  await db.drop();
});

const fly = (...statements: Statement[]): Promise<unknown[][]> => client.query(new Flight(statements)).rows;

test('statements run in their order, rows of COPY among them, and the last is answered', async () => {
  const rows = await fly(
    {text: 'BEGIN'},
    {text: 'SELECT 1, 2 FROM generate_series(1, 10)'},
    {text: 'COPY letters FROM STDIN', copy: '1\ta\n2\tb\\tc\n'},
    {text: 'INSERT INTO letters VALUES ($1, $2)', values: [3, 'ü"\\']},
    {text: 'SELECT n, letter, letter IS NULL FROM letters ORDER BY n'},
  );
  assert.deepEqual(rows, [
    [1, 'a', false],
    [2, 'b\tc', false],
    [3, 'ü"\\', false],
  ]);
  assert.deepEqual(await fly({text: 'COMMIT'}), []);
});

test('rows without columns are rows', async () => {
  assert.equal((await fly({text: 'SELECT FROM generate_series(1, 3)'})).length, 3);
});

test('values of every kind arrive as they are', async () => {
  const values = [
    null,
    undefined,
    true,
    1.5,
    12n,
    'text',
    ['a"b', null, 'c\\d', ''],
    [1, 2],
    Buffer.of(0, 255),
  ];
  const text = `SELECT $1::text IS NULL, $2::text IS NULL, $3::boolean, $4::float8, $5::bigint, $6::text, $7::text[],
    $8::int[], $9::bytea`;
  assert.deepEqual(await fly({text, values}), [
    [true, true, true, 1.5, 12, 'text', ['a"b', null, 'c\\d', ''], [1, 2], '00ff'],
  ]);
});

test('a statement with a name is prepared once, also where it came behind one that failed', async () => {
  const named = {name: 'once', text: 'SELECT $1::int + 1', values: [1]};
  await assert.rejects(fly({text: 'SELECT 1 / 0'}, named), {code: '22012'});
  for (let i = 0; i < 3; i++) assert.deepEqual(await fly(named), [[2]]);
  await assert.rejects(fly(named, {text: 'SELECT 1 / 0'}), {code: '22012'});
  assert.deepEqual(await fly(named), [[2]]);
  const {rows} = await client.query(
    "SELECT count(*)::int AS n FROM pg_prepared_statements WHERE name = 'once'",
  );
  assert.equal(rows[0].n, 1);
});

test('what comes behind a fault does not run: rows of COPY whose statement cannot run, and the commit', async () => {
  for (const copy of ['9\tx\n9\ty\n', 'no number\tx\n']) {
    const flight = new Flight([
      {text: 'BEGIN'},
      {text: 'COPY letters FROM STDIN', copy},
      {text: 'INSERT INTO letters VALUES (10)'},
      {text: 'COMMIT'},
    ]);
    await assert.rejects(client.query(flight).rows);
    await fly({text: 'ROLLBACK'});
  }
  await assert.rejects(fly({text: 'COPY nowhere FROM STDIN', copy: '1\n2\n'}, {text: 'SELECT 1'}), {
    code: '42P01',
  });
  assert.deepEqual(await fly({text: 'SELECT count(*)::int FROM letters'}), [[3]]);
});

test('a value that cannot be read fails the flight, and the connection goes on', async () => {
  await assert.rejects(fly({text: `SELECT '{"a": 1e400}'::jsonb, 'x'::jsonb`}));
  assert.deepEqual(await fly({text: 'SELECT 1'}), [[1]]);
});

test('a connection that breaks fails the flight', async () => {
  const {ssl: _ssl, ...connection} = db.settings;
  const other = new Client(connection);
  other.on('error', () => {});
  await other.connect();
  const flight = other.query(
    new Flight([{text: 'SELECT pg_terminate_backend(pg_backend_pid())'}, {text: 'SELECT 1'}]),
  );
  await assert.rejects(flight.rows);
  await assert.rejects(other.query(new Flight([{text: 'SELECT 1'}])).rows);
});
