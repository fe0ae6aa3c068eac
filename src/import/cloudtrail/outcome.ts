import type {NewAuditEntry} from '@loopback-audit/audit-log';
import {type CloudTrailRecord, objectAt, textAt} from './record';

const DENIED = /AccessDenied|UnauthorizedOperation/;

/**
 * How the call of a CloudTrail record ended. In jq, over the records of a file:
 *
 * - denied: `select((.errorCode // "") | test("AccessDenied|UnauthorizedOperation"))`
 * - failure or denied: `select(.errorCode or .responseElements.ConsoleLogin? == "Failure")`
 * - success: all others
 */
export function cloudTrailOutcome(
  record: CloudTrailRecord,
): Pick<NewAuditEntry, 'errorCode' | 'reason'> & Required<Pick<NewAuditEntry, 'outcome'>> {
  const errorCode = textAt(record.errorCode);
  const reason = textAt(record.errorMessage);
  const signInFailed = objectAt(record.responseElements)?.ConsoleLogin === 'Failure';
  const denied = errorCode !== undefined && DENIED.test(errorCode);
  return {
    outcome: denied ? 'denied' : errorCode !== undefined || signInFailed ? 'failure' : 'success',
    ...(errorCode !== undefined && {errorCode}),
    ...(reason !== undefined && {reason}),
  };
}
