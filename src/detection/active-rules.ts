import {AuditError} from '../errors';
import type {DetectionRule} from '../models/detection-rule';
import type {RuleRow} from '../repositories/detection/rule-rows';
import type {RuleWithSource} from './default-rules';
import {readRule} from './read-rule';

/** A rule as a tenant has it. */
export interface TenantRule extends RuleWithSource {
  origin: 'default' | 'tenant';
  enabled: boolean;
}

/**
 * The rules of a tenant: those of the service, but for those that the tenant has switched off or put its own in the place
 * of, and its own.
 *
 * @param onUnreadable is told of a rule that was kept by an earlier version and cannot be read any more
 */
export function tenantRulesOf(
  defaults: ReadonlyMap<string, RuleWithSource>,
  rows: readonly RuleRow[],
  onUnreadable: (row: RuleRow, error: AuditError) => void,
): Map<string, TenantRule> {
  const rules = new Map<string, TenantRule>();
  for (const [id, each] of defaults) rules.set(id, {...each, origin: 'default', enabled: true});
  for (const row of rows) {
    const known = rules.get(row.id);
    if (row.source === null) {
      if (known) known.enabled = row.enabled;
      continue;
    }
    try {
      const {source, enabled} = row;
      rules.set(row.id, {source, enabled, rule: readRule(source), origin: 'tenant'});
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      onUnreadable(row, error);
    }
  }
  return rules;
}

export const enabledRules = (rules: ReadonlyMap<string, TenantRule>): DetectionRule[] =>
  [...rules.values()].filter(({enabled}) => enabled).map(({rule}) => rule);
