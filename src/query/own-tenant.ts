import {AuditError} from '../errors';
import type {Condition} from '../models/condition';

/**
 * Refuses a condition that asks for another tenant's entries by name. The database would answer it with
 * nothing, which reads as if that tenant had nothing.
 *
 * @throws AuditError TENANT_MISMATCH
 */
export function assertOwnTenant(condition: Condition, tenantId: string): void {
  if (!namesAnother(condition, tenantId)) return;
  throw new AuditError('TENANT_MISMATCH', 'A caller sees the trail of its own tenant alone.', [
    {field: 'where.tenantId', code: 'TENANT_MISMATCH', message: "is not the caller's tenant"},
  ]);
}

function namesAnother(condition: Condition, tenantId: string): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.of.some(part => namesAnother(part, tenantId));
    case 'not':
    case 'words':
    case 'same':
      return false;
    case 'entitiesOf':
      return namesAnother(condition.of, tenantId);
    case 'compare': {
      const {column, comparison} = condition;
      const isOther = (name: unknown) => name !== null && name !== tenantId;
      if (column.property !== 'tenantId') return false;
      if (comparison.operator === 'eq') return isOther(comparison.value);
      return comparison.operator === 'inq' && comparison.value.some(isOther);
    }
  }
}
