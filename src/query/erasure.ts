import type {AuditEntry} from '@loopback-audit/audit-log';
import {checkProperty, isPlainObject} from '../admission/check-property';
import {PROPERTY_RULES} from '../admission/property-rules';
import {AuditError, type ErrorDetail} from '../errors';
import {ERASE_ACTION} from '../integrity/erasures';
import type {Comparison, Condition} from '../models/condition';
import {columnOf} from '../models/entry-columns';
import type {Erasure} from '../models/erasure';
import {shown} from './fault';

const NAMES = ['dataSubjectId', 'actor', 'reason'] as const;

const isName = (name: string): name is (typeof NAMES)[number] => NAMES.some(known => known === name);

/**
 * Reads whose data is to be erased. Whatever is not understood is refused, for what is erased is gone.
 *
 * @throws AuditError INVALID_BODY with every field at fault
 */
export function readErasure(body: unknown): Erasure {
  if (!isPlainObject(body)) throw refused([fault('body', 'INVALID_TYPE', 'must be a JSON object')]);
  const erasure: Partial<Erasure> = {};
  const faults: ErrorDetail[] = [];
  for (const [name, value] of Object.entries(body).slice(0, 100)) {
    if (!isName(name)) {
      faults.push(fault(shown(name), 'UNKNOWN_PROPERTY', 'is not a part of an erasure'));
      continue;
    }
    const checked = checkProperty(name, value, PROPERTY_RULES[name]);
    if ('fault' in checked) faults.push(checked.fault);
    else if (String(checked.value).trim() === '') faults.push(fault(name, 'REQUIRED', 'must not be empty'));
    else erasure[name] = String(checked.value);
  }
  if (body.reason === undefined) faults.push(fault('reason', 'REQUIRED', 'is missing'));
  if (body.dataSubjectId === undefined && body.actor === undefined) {
    faults.push(fault('dataSubjectId', 'REQUIRED', 'is missing, and so is actor: say whose data is meant'));
  }
  const {reason, ...whose} = erasure;
  if (faults.length > 0 || reason === undefined) throw refused(faults);
  return {...whose, reason};
}

/** The stored entries that an erasure reaches and that have something left to erase. */
export const erasable = ({dataSubjectId, actor}: Erasure): Condition => ({
  kind: 'and',
  of: [
    {kind: 'or', of: [...equal('dataSubjectId', dataSubjectId), ...equal('actor', actor)]},
    ...compare('action', {operator: 'neq', value: ERASE_ACTION}),
    ...compare('commitments', {operator: 'exists', value: false}),
  ],
});

const equal = (property: keyof AuditEntry, value: string | undefined): Condition[] =>
  value === undefined ? [] : compare(property, {operator: 'eq', value});

const compare = (property: keyof AuditEntry, comparison: Comparison): Condition[] => {
  const column = columnOf(property);
  return column ? [{kind: 'compare', column, path: [], comparison}] : [];
};

const fault = (field: string, code: string, message: string): ErrorDetail => ({field, code, message});

const refused = (faults: ErrorDetail[]) =>
  new AuditError('INVALID_BODY', 'The erasure cannot be read: nothing was erased.', faults);
