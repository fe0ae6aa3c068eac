import {AuditError} from '../errors';

/** A setting that keeps the service from its database, in one sentence. */
export const wrongSetting = (field: string, message: string, cause?: unknown): AuditError =>
  new AuditError('INVALID_SETTING', `${field} ${message}.`, [{field, code: 'INVALID_SETTING', message}], {
    cause,
  });

/** What PostgreSQL answers to a login (appendix A: error codes), and the setting that it is about. */
const REFUSALS: Readonly<Record<string, [field: string, message: string]>> = {
  '28P01': ['DB_PASSWORD', 'is not that of DB_USER'],
  '28000': ['DB_USER', 'may not log in'],
  '3D000': ['DB_DATABASE', 'does not exist'],
  '42501': ['DB_USER', 'may not read the table of migrations'],
};

/** Why the database cannot be had, as the setting that an operator must look at. */
export function connectionFault(error: unknown): unknown {
  if (error instanceof AuditError) return error;
  const {code = '', message = ''} = error as {code?: string; message?: string};
  const [field, refusal] = REFUSALS[code] ?? [];
  if (field && refusal) return wrongSetting(field, refusal, error);
  if (/SSL|TLS|certificate/i.test(message)) {
    return wrongSetting('DB_SSL', `does not fit the server: ${firstLine(message)}`, error);
  }
  const reason = error instanceof AggregateError ? error.errors[0]?.message : message;
  return wrongSetting('DB_HOST', `cannot be reached: ${firstLine(String(reason || code))}`, error);
}

const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').replace(/\.$/, '');
