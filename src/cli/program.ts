import {Command} from 'commander';
import {importCommand} from './import';
import {migrateCommand} from './migrate';
import {serveCommand} from './serve';
import {tokenCommand} from './token';

/** The command line of the service. */
export const program = (): Command =>
  new Command('audit-service')
    .description('An audit trail that can be searched, archived and proved.')
    .addCommand(serveCommand(), {isDefault: true})
    .addCommand(migrateCommand())
    .addCommand(tokenCommand())
    .addCommand(importCommand())
    .showHelpAfterError()
    .addHelpText(
      'after',
      '\nSettings come from the environment and from .env; .env.example lists every one with its meaning.',
    );
