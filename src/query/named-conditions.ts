import type {AuditEntry} from '@loopback-audit/audit-log';
import type {Comparison, Condition} from '../models/condition';
import {columnOf} from '../models/entry-columns';

function compare(property: keyof AuditEntry, comparison: Comparison): Condition {
  const column = columnOf(property);
  if (!column) throw new RangeError(property);
  return {kind: 'compare', column, path: [], comparison};
}

const is = (property: keyof AuditEntry, value: string) => compare(property, {operator: 'eq', value});

export const ofEntity = (actedOn: string, entityId: string): Condition => ({
  kind: 'and',
  of: [is('actedOn', actedOn), is('entityId', entityId)],
});

export const until = (moment: string): Condition => compare('actedAt', {operator: 'lte', value: moment});

export const byActor = (actor: string): Condition => is('actor', actor);

export const forAnother = (actor: string): Condition => ({
  kind: 'and',
  of: [byActor(actor), compare('onBehalfOf', {operator: 'exists', value: true})],
});

export const onBehalfOf = (user: string): Condition => is('onBehalfOf', user);

export const ofRequest = (requestId: string): Condition => is('requestId', requestId);

export const CRITICAL: Condition = is('severity', 'critical');

const FAILED: Condition = compare('outcome', {operator: 'inq', value: ['failure', 'denied']});

/** What proves who somebody is, by the names that audit systems have for it. */
const AUTHENTICATION: Condition = {
  kind: 'or',
  of: [
    compare('category', {operator: 'inq', value: ['auth', 'authentication', 'login']}),
    compare('action', {
      operator: 'inq',
      value: [
        'ConsoleLogin',
        'LOGIN',
        'LOGIN_FAILED',
        'login',
        'user.login',
        'user.login_failed',
        'auth.login',
      ],
    }),
  ],
};

/** Attempts to log in, or otherwise to prove who one is, that did not succeed. */
export const FAILED_AUTHENTICATION: Condition = {
  kind: 'or',
  of: [
    {kind: 'and', of: [FAILED, AUTHENTICATION]},
    compare('action', {operator: 'inq', value: ['LOGIN_FAILED', 'user.login_failed']}),
  ],
};
