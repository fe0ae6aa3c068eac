#!/usr/bin/env node
import {config as loadEnvironmentFile} from 'dotenv';
import {AuditError} from '../errors';
import {program} from './program';

loadEnvironmentFile({quiet: true});

program()
  .parseAsync()
  .catch((error: unknown) => {
    const {message, stack} = error as Error;
    process.stderr.write(`${error instanceof AuditError ? `audit-service: ${message}` : stack}\n`);
    process.exitCode = 1;
  });
