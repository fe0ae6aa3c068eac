import assert from 'node:assert/strict';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {stream} from 'exceljs';
import type {AuditEntry} from '../../dist';
import {eventually} from '../support/eventually';
import {seedEntries} from '../support/seed-entries';
import {KEYS, startTestShop, type TestShop} from '../support/test-shop';

let shop: TestShop;
before(async () => {
  shop = await startTestShop();
});
after(() => shop.stop());

const trail = async (query = '', options = {}) =>
  (await shop.send(`/api/audit-logs?${query}`, options)).json as AuditEntry[];

/** The entries of a query, once there are as many: the outbox is drained in the background. */
const recorded = (query: string, count: number) =>
  eventually(`${count} entries of ${query}`, async () => {
    const entries = await trail(query);
    return entries.length >= count ? entries : undefined;
  });

async function makeProduct(name: string): Promise<number> {
  const made = await shop.send('/api/products', {body: {name, priceInCents: 350}});
  assert.equal(made.status, 200, made.text);
  const {id} = made.json as {id: number};
  await recorded(`actedOn=Product&entityId=${id}`, 1);
  return id;
}

test('what the host changes in its own domain is found in the trail, with who, what and the difference', async () => {
  const id = await makeProduct('Tea');
  const changed = await shop.send(`/api/products/${id}`, {method: 'PATCH', body: {priceInCents: 400}});
  assert.equal(changed.status, 200, changed.text);

  const [update, create] = await recorded(`actedOn=Product&entityId=${id}`, 2);
  const state = {id, shop: '[withheld]', name: 'Tea'};
  assert.equal(create?.action, 'INSERT_ONE');
  assert.deepEqual(create?.after, {...state, priceInCents: 350});
  assert.equal(update?.action, 'UPDATE_ONE');
  assert.deepEqual(update?.before, {...state, priceInCents: 350});
  assert.deepEqual(update?.after, {...state, priceInCents: 400});
  assert.deepEqual(update?.changedFields, ['priceInCents']);
  assert.deepEqual([update?.tenantId, update?.actor, update?.actorType], ['corner', 'olga', 'user']);
  assert.deepEqual([update?.method, update?.ip], ['PATCH', '127.0.0.1']);
});

test("another shop's caller, known by the host's own key, sees nothing of it", async () => {
  await makeProduct('Coffee');
  assert.deepEqual(await trail('', {token: KEYS.rival}), []);
});

test('a page links to the next one under the base path of the host', async () => {
  for (const name of ['One', 'Two', 'Three']) await makeProduct(name);
  const first = await shop.send('/api/audit-logs?limit=2');
  const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '') ?? [];
  assert.match(next, /^\/api\/audit-logs\?/);
  const second = await shop.send(next);
  assert.equal(second.status, 200, second.text);
  const ids = [first, second].flatMap(({json}) => (json as AuditEntry[]).map(({id}) => id));
  assert.deepEqual(
    ids,
    (await trail('limit=4')).map(({id}) => id),
  );
});

test('entries that were archived are answered again when archives are included', async () => {
  const id = await makeProduct('Chai');
  const query = `entityId=${id}&actedOn=Product`;
  const stored = await trail(query);
  const archived = await shop.send('/api/audit-logs/archive', {
    body: {date: {fromDate: '2000-01-01', toDate: '2100-01-01'}, entityId: String(id)},
  });
  assert.equal(archived.status, 200, archived.text);
  assert.equal((archived.json as {numberOfEntriesArchived: number}).numberOfEntriesArchived, 1);
  assert.deepEqual(await trail(query), []);

  const asked = await shop.send(`/api/audit-logs?${query}&includeArchivedLogs=true`);
  const {jobId} = asked.json as {jobId: string};
  const result = await eventually('the job ends', async () => {
    const job = (await shop.send(`/api/audit-logs/jobs/${jobId}`)).json as {
      status: string;
      result: AuditEntry[];
    };
    return job.status === 'COMPLETED' ? job.result : undefined;
  });
  assert.deepEqual(result, stored);
});

test("an export has the columns of the host's column builder", async () => {
  await makeProduct('Cocoa');
  const exported = await shop.send('/api/audit-logs/export?format=csv&action=INSERT_ONE');
  assert.equal(exported.status, 200, exported.text);
  const [header, row] = exported.text.split('\r\n');
  assert.equal(header, 'When,Who,What,Product,Old price,New price');
  assert.match(row ?? '', /Z,olga,INSERT_ONE,Cocoa,,350$/);
});

test("an export without a format gives the workbook to the host's export handler", async () => {
  await makeProduct('Mate');
  const exported = await shop.send('/api/audit-logs/export?action=INSERT_ONE');
  assert.equal(exported.status, 200, exported.text);
  const {key} = exported.json as {key: string};
  const folder = join(shop.folder, 'exports');
  assert.deepEqual(await readdir(join(folder, 'corner')), [key.replace('corner/', '')]);

  const cells: unknown[] = [];
  for await (const sheet of new stream.xlsx.WorkbookReader(join(folder, key), {})) {
    for await (const row of sheet) cells.push(row.getCell(4).value);
  }
  assert.deepEqual(cells.slice(0, 2), ['Product', 'Mate']);
});

test('a key that the host does not know is refused, on its own routes and on those of the trail', async () => {
  for (const token of ['not-a-key', null]) {
    assert.equal((await shop.send('/api/audit-logs', {token})).status, 401);
    assert.equal((await shop.send('/api/products/1', {token})).status, 401);
  }
});

test('a caller without permissions works in the shop and is refused by the trail', async () => {
  const made = await shop.send('/api/products', {
    token: KEYS.clerk,
    body: {name: 'Rooibos', priceInCents: 1},
  });
  assert.equal(made.status, 200, made.text);
  const refused = await shop.send('/api/audit-logs', {token: KEYS.clerk});
  assert.equal(refused.status, 403);
  assert.equal((refused.json as {error: {code: string}}).error.code, 'FORBIDDEN');
});

test('a caller who belongs to no tenant is refused', async () => {
  assert.equal((await shop.send('/api/audit-logs', {token: KEYS.nobody})).status, 403);
});

test("the host's OpenAPI document describes both its own routes and the trail's, under its base path", async () => {
  const {json} = await shop.send('/api/openapi.json', {token: null});
  const spec = json as {
    servers: {url: string}[];
    paths: Record<string, Record<string, {parameters?: {name: string}[]; 'x-query'?: unknown}>>;
    components: {securitySchemes: object; schemas: object};
  };
  assert.match(spec.servers[0]?.url ?? '', /\/api$/);
  assert.ok(spec.paths['/products/{id}']?.patch);
  const search = spec.paths['/audit-logs']?.get;
  const named = search?.parameters?.map(({name}) => name) ?? [];
  for (const name of ['filter', 'actor', 'from', 'limit', 'cursor', 'includeArchivedLogs']) {
    assert.ok(named.includes(name), `${name} is described`);
  }
  assert.equal(search?.['x-query'], undefined);
  assert.deepEqual(spec.components.securitySchemes, {bearerAuth: {type: 'http', scheme: 'bearer'}});
  for (const schema of ['AuditLog', 'Job', 'CustomFilter', 'Product']) {
    assert.ok(schema in spec.components.schemas, schema);
  }
});

test('a host that stops while a job is under way gives the job back before its datasources are closed', async () => {
  const other = await startTestShop();
  try {
    await seedEntries(other.db.admin, 'corner', 20_000);
    const asked = await other.send('/api/audit-logs?includeArchivedLogs=true');
    const {jobId} = asked.json as {jobId: string};
    const status = async () =>
      (await other.db.admin.query('SELECT status FROM jobs WHERE id = $1', [jobId])).rows[0].status;
    await eventually('the job runs', async () => ((await status()) === 'RUNNING' ? true : undefined));
    await other.app.stop();
    assert.equal(await status(), 'PENDING');
  } finally {
    await other.stop();
  }
});
