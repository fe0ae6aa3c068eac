import {Command} from 'commander';
import {readSettings} from '../settings';
import {DEVELOPER, signingSecret, signToken} from './development-token';
import {importCommand} from './import';
import {migrateCommand} from './migrate';
import {mirrorCommand} from './mirror';
import {serveCommand} from './serve';
import {tokenCommand} from './token';
import {verifyCommand} from './verify';

/** The command line of the service. */
export const program = (): Command =>
  new Command('audit-service')
    .description('An audit trail that can be searched, archived and found again.')
    .addCommand(serveCommand(), {isDefault: true})
    .addCommand(migrateCommand())
    .addCommand(tokenCommand())
    .addCommand(importCommand({url: localUrl(), token: ownToken}))
    .addCommand(verifyCommand())
    .addCommand(mirrorCommand({url: localUrl(), token: ownToken}))
    .showHelpAfterError()
    .addHelpText(
      'after',
      '\nSettings come from the environment and from .env; .env.example lists every one with its meaning.',
    );

/** Where a service with the settings of this environment listens. */
function localUrl(): string {
  const {HOST: host = '127.0.0.1', PORT: port = '3000', BASE_PATH: basePath = ''} = process.env;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${basePath}`;
}

/** A token for the service of this environment, where its secret is at hand. */
async function ownToken(): Promise<string | undefined> {
  const settings = readSettings(process.env);
  if (settings.jwt.jwksUri !== undefined) return undefined;
  return signToken(await signingSecret(settings), {...DEVELOPER, expiresIn: '1h'}, settings);
}
