import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {AuditServiceApplication} from '../../dist/application';
import {DEVELOPER, signToken, type TokenClaims} from '../../dist/cli/development-token';
import {signerOf} from '../../dist/cli/signing-keys';
import {readSettings, type Settings} from '../../dist/settings';
import {type Answer, type SendOptions, send} from './send';
import {createTestDatabase, type TestDatabase} from './test-database';

export const SECRET = 'a secret of tests alone, 32 bytes or more';

export interface TestService {
  url: string;
  app: AuditServiceApplication;
  db: TestDatabase;
  settings: Settings;
  /** A token, by default one that permits everything in the tenant `acme`. */
  token(claims?: Partial<TokenClaims>): Promise<string>;
  /** Sends a request to the service; the path begins with a slash. */
  send(path: string, options?: SendOptions): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * The service as it runs on its own, on a database and a folder of its own, in this process.
 *
 * @param prepare replaces parts of it before it starts
 * @param given the database to run on, which is dropped with it
 */
export async function startTestService(
  environment: Record<string, string> = {},
  prepare: (app: AuditServiceApplication, settings: Settings) => void = () => {},
  given?: TestDatabase,
): Promise<TestService> {
  const db = given ?? (await createTestDatabase());
  const dataDir = await mkdtemp(join(tmpdir(), 'audit-service-'));
  const settings = readSettings({
    PORT: '0',
    LOG_LEVEL: 'silent',
    AUDIT_DATA_DIR: dataDir,
    JWT_SECRET: SECRET,
    // Tests count entries: alerts, which are entries too, are raised where they are asked for.
    DETECTION_INTERVAL_MS: '0',
    ...environment,
  });
  const app = new AuditServiceApplication({
    settings,
    database: db.settings,
    tokens: {secret: SECRET},
    signer: await signerOf(settings),
  });
  prepare(app, settings);
  await app.start();
  const url = app.restServer.url ?? '';
  const token = (claims: Partial<TokenClaims> = {}) =>
    signToken(SECRET, {...DEVELOPER, tenantId: 'acme', sub: 'tester', ...claims}, settings);
  const everything = await token();
  return {
    ...{url, app, db, settings, token},
    send: (path, options = {}) => send(`${url}${path}`, {token: everything, ...options}),
    async stop() {
      await app.stop();
      await app.closeDatabase();
      await db.drop();
      await rm(dataDir, {recursive: true, force: true});
    },
  };
}
