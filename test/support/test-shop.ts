import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type ApiKey, ShopApplication, sha256} from '@loopback-audit/example-host-app';
import pino from 'pino';
import {AuditServiceBindings, type AuditServiceConfig} from '../../dist';
import {type Answer, type SendOptions, send} from './send';
import {createTestDatabase, type TestDatabase} from './test-database';

const PERMISSIONS = ['ViewAudit', 'CreateAudit', 'ExportLogs', 'ArchiveLogs'];

/** Keys of the shop's callers, by what they are. */
export const KEYS = {
  owner: 'key-of-the-owner',
  clerk: 'key-of-the-clerk',
  rival: 'key-of-another-shop',
  nobody: 'key-without-a-shop',
} as const;

const API_KEYS: ApiKey[] = [
  {sha256: sha256(KEYS.owner), holder: 'olga', shop: 'corner', permissions: PERMISSIONS},
  {sha256: sha256(KEYS.clerk), holder: 'carl', shop: 'corner', permissions: []},
  {sha256: sha256(KEYS.rival), holder: 'rita', shop: 'market', permissions: PERMISSIONS},
  {sha256: sha256(KEYS.nobody), holder: 'nils', permissions: PERMISSIONS},
];

export interface TestShop {
  app: ShopApplication;
  db: TestDatabase;
  /** Where archives and exported workbooks are put. */
  folder: string;
  url: string;
  /** Sends a request, by default of the shop's owner; the path begins with /api. */
  send(path: string, options?: SendOptions): Promise<Answer>;
  stop(): Promise<void>;
}

/** The example's host application, on a database and a folder of its own, in this process. */
export async function startTestShop(audit: AuditServiceConfig = {}): Promise<TestShop> {
  const db = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'audit-shop-'));
  const app = new ShopApplication({
    port: 0,
    database: db.settings,
    apiKeys: API_KEYS,
    exportFolder: join(folder, 'exports'),
    audit: {store: {kind: 'folder', folder: join(folder, 'objects')}, ...audit},
  });
  app.bind(AuditServiceBindings.LOGGER).to(pino({level: 'silent'}));
  await app.boot();
  await app.migrateSchema();
  await app.start();
  const url = app.restServer.rootUrl ?? '';
  return {
    ...{app, db, folder, url},
    send: (path, options = {}) => send(`${url}${path}`, {token: KEYS.owner, ...options}),
    async stop() {
      await app.stop();
      await db.drop();
      await rm(folder, {recursive: true, force: true});
    },
  };
}
