import {Command} from 'commander';
import {AuditError} from '../errors';
import {PermissionKey} from '../identity/permission';
import {readSettings} from '../settings';
import {DEVELOPER, signingSecret, signToken} from './development-token';

interface TokenOptions {
  subject: string;
  tenant: string;
  permissions: string;
  expires: string;
}

const NAMES = Object.keys(PermissionKey);

export const tokenCommand = (): Command =>
  new Command('token')
    .description('Print a token that this service accepts, signed with JWT_SECRET or the development secret.')
    .option('--subject <id>', 'who the caller is', DEVELOPER.sub)
    .option('--tenant <id>', "the caller's tenant", DEVELOPER.tenantId)
    .option('--permissions <list>', `of ${NAMES.join(', ')}`, NAMES.join(','))
    .option('--expires <time>', 'when it expires, such as 15m, 8h or 30d', '8h')
    .addHelpText(
      'after',
      `
Examples:
  audit-service token
  audit-service token --subject jane --tenant acme --permissions ViewAudit,ExportLogs --expires 1h
  curl -H "Authorization: Bearer $(audit-service token)" http://127.0.0.1:3000/audit-logs`,
    )
    .action(async ({subject, tenant, permissions, expires}: TokenOptions) => {
      const settings = readSettings(process.env);
      const names = permissions.split(',').map(name => name.trim());
      const unknown = names.find(name => !NAMES.includes(name));
      if (unknown !== undefined) {
        throw new AuditError(
          'INVALID_PARAMETER',
          `--permissions: ${unknown} is none of ${NAMES.join(', ')}.`,
        );
      }
      if (!/^\d{1,6} *[smhdwy]$/.test(expires)) {
        throw new AuditError('INVALID_PARAMETER', '--expires must look like 15m, 8h or 30d.');
      }
      const claims = {sub: subject, tenantId: tenant, permissions: names, expiresIn: expires};
      process.stdout.write(`${await signToken(await signingSecret(settings), claims, settings)}\n`);
    });
