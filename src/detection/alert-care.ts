import {admitOwn, type Bearer} from '../admission/admit';
import {AuditError} from '../errors';
import type {Alert} from '../models/alert.model';
import {ALERT_ACTIONS, type AlertStatus} from '../models/detection-rule';
import type {Database} from '../repositories/database';
import {changeAlert, getAlert, lockAlert} from '../repositories/detection/alert-rows';
import {toldInTrail} from '../repositories/told-in-trail';
import {ALERT_ENTITY} from './alert-of';

/** What somebody says of an alert, and the status that it has then. */
export const CARE = {acknowledge: 'acknowledged', resolve: 'resolved', dismiss: 'dismissed'} as const;
export type Care = keyof typeof CARE;

/** Alerts that nobody is to look at any more. */
const CLOSED: readonly AlertStatus[] = ['resolved', 'dismissed'];

/**
 * Changes the status of an alert, and tells of it in the trail. Saying the same again changes nothing.
 *
 * @throws AuditError ALERT_NOT_FOUND, ALERT_CLOSED where it was resolved or dismissed before
 */
export async function careForAlert(
  database: Database,
  bearer: Bearer,
  id: string,
  {care, note}: {care: Care; note: string | undefined},
): Promise<Alert> {
  const {tenantId} = bearer;
  const status = CARE[care];
  await toldInTrail(database, {tenantId}, async session => {
    const alert = await lockAlert(session, tenantId, id);
    if (alert.status === status) return {result: undefined, entries: []};
    if (CLOSED.includes(alert.status)) {
      const detail = {field: 'id', code: 'ALERT_CLOSED', message: `is of an alert that was ${alert.status}`};
      throw new AuditError('ALERT_CLOSED', 'This alert was closed before.', [detail]);
    }
    await changeAlert(session, tenantId, id, {status, by: bearer.actor, note});
    const {entry} = admitOwn(
      {
        action: `${ALERT_ACTIONS}${care}`,
        ...{actedOn: ALERT_ENTITY, entityId: id, entityName: alert.title, category: 'security'},
        ...{before: {status: alert.status}, after: {status}, changedFields: ['status']},
        ...(note !== undefined && {reason: note}),
      },
      bearer,
    );
    return {result: undefined, entries: [{entry, chosen: new Set<never>()}]};
  });
  return getAlert(database, tenantId, id);
}
