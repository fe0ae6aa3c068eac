import {validate as isUuid} from 'uuid';
import {AuditError} from '../errors';

/** The id of a path, in lower case. @throws AuditError INVALID_ID where it is no UUID */
export function pathId(id: string): string {
  if (isUuid(id)) return id.toLowerCase();
  const detail = {field: 'id', code: 'INVALID_ID', message: 'must be a UUID'};
  throw new AuditError('INVALID_ID', 'The id in the path is a UUID.', [detail]);
}
