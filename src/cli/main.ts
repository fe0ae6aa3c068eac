#!/usr/bin/env node
import './debug-colors';
import {config as loadEnvironmentFile} from 'dotenv';
import {AuditError} from '../errors';
import {program} from './program';

// The connector hands pg an option that pg will drop one day; that is nothing an operator can act on.
process.noDeprecation = true;
loadEnvironmentFile({quiet: true});

program()
  .parseAsync()
  .catch((error: unknown) => {
    const {message, stack} = error as Error;
    process.stderr.write(`${error instanceof AuditError ? `audit-service: ${message}` : stack}\n`);
    process.exitCode = 1;
  });
