import {Command} from 'commander';
import {AuditServiceApplication} from '../application';
import {holdDataFolder} from '../embedded/data-folder';
import {startEmbeddedPostgres} from '../embedded/embedded-postgres';
import {makeServiceLogin} from '../embedded/service-login';
import {AuditError} from '../errors';
import type {TokenVerification} from '../identity/bearer-token';
import type {LogSigner} from '../integrity/log-signer';
import {verifierKey} from '../integrity/signed-note';
import {migrate, pendingMigrations} from '../repositories/migrate';
import {readSettings, type Settings} from '../settings';
import type {DatabaseSettings} from '../types';
import {DEVELOPER, developmentSecret, signToken} from './development-token';
import {boundHeapGrowth} from './heap-growth';
import {signerOf} from './signing-keys';

export const serveCommand = (): Command =>
  new Command('serve')
    .description(
      'Start the service. Without DB_HOST it brings its own PostgreSQL, with data in AUDIT_DATA_DIR.',
    )
    .action(async () => {
      boundHeapGrowth();
      // Heard from the first moment, so that a stop during the start leaves nothing running either.
      const toldToStop = new Promise<void>(stop => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop());
      });
      const service = await startService(readSettings(process.env));
      process.stdout.write(service.greeting);
      await toldToStop;
      await service.stop();
    });

export interface RunningService {
  url: string;
  /** What a person is told who has started it by hand. */
  greeting: string;
  /** Drains requests and jobs, then stops everything that was started. */
  stop(): Promise<void>;
}

/**
 * Starts everything that the settings ask for, and nothing is left running where that fails.
 *
 * @throws AuditError INVALID_SETTING with one sentence that says what to change
 */
export async function startService(settings: Settings): Promise<RunningService> {
  const started: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end();
  };
  try {
    const administrator = settings.database ?? (await bringPostgres(settings, started));
    await bringUpToDate(administrator, settings);
    const database = settings.database ?? (await makeServiceLogin(administrator));
    const development = settings.jwt.secret === undefined && settings.jwt.jwksUri === undefined;
    const secret = development ? await developmentSecret(settings.dataDir) : settings.jwt.secret;
    const signer = await signerOf(settings);
    const tokens = verification(settings, secret);
    const app = new AuditServiceApplication({settings, database, tokens, signer});
    started.push(() => app.closeDatabase());
    await listen(app, settings);
    started.push(() => app.stop());
    const url = app.restServer.url ?? '';
    const greeting =
      development && secret ? await developmentGreeting(url, secret, settings, signer) : plainGreeting(url);
    return {url, greeting, stop};
  } catch (error) {
    await stop();
    throw error;
  }
}

async function bringPostgres(
  settings: Settings,
  started: (() => Promise<void>)[],
): Promise<DatabaseSettings> {
  const folder = await holdDataFolder(settings.dataDir);
  started.push(() => folder.release());
  const postgres = await startEmbeddedPostgres(folder.path);
  started.push(() => postgres.stop());
  return postgres.settings;
}

async function bringUpToDate(database: DatabaseSettings, {schema, migrate: wanted}: Settings): Promise<void> {
  if (wanted) {
    await migrate(database, schema);
  } else if ((await pendingMigrations(database, schema)).length > 0) {
    const message = 'is not up to date: run audit-service migrate, or set MIGRATE=true';
    throw new AuditError('INVALID_SETTING', `The database ${message}.`);
  }
}

function verification({jwt}: Settings, secret: string | undefined): TokenVerification {
  const {jwksUri, issuer, audience} = jwt;
  const claims = {...(issuer && {issuer}), ...(audience && {audience})};
  return jwksUri === undefined ? {...claims, secret: secret ?? ''} : {...claims, jwksUri};
}

async function listen(app: AuditServiceApplication, {host, port}: Settings): Promise<void> {
  try {
    await app.start();
  } catch (error) {
    await app.stop().catch(() => {});
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new AuditError('INVALID_SETTING', `PORT ${port} on ${host} is taken.`);
    if (code === 'EACCES')
      throw new AuditError('INVALID_SETTING', `PORT ${port} needs rights that this user lacks.`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new AuditError('INVALID_SETTING', `HOST ${host} is not an address of this machine.`);
    }
    throw error;
  }
}

const plainGreeting = (url: string): string => `The audit service listens on ${url}\n`;

const ownKeyNote = ({signing: {file, keys}}: Settings): string =>
  file === undefined && keys === undefined
    ? 'Checkpoints are signed with a key that was made for this folder; its public half is'
    : 'Checkpoints are signed with the key of the settings; its public half is';

async function developmentGreeting(
  url: string,
  secret: string,
  settings: Settings,
  signer: LogSigner | undefined,
): Promise<string> {
  const token = await signToken(secret, DEVELOPER, settings);
  return `${plainGreeting(url)}Explorer: ${url}/explorer
Development start: PostgreSQL and archives are in ${settings.dataDir}. Try:

  curl -H 'Authorization: Bearer ${token}' ${url}/audit-logs

${ownKeyNote(settings)}

  ${signer?.keys.map(verifierKey).join('\n  ') ?? ''}

`;
}
