import {AuditError} from '../errors';
import type {DetectionRule} from '../models/detection-rule';
import type {RuleRow} from '../repositories/detection/rule-rows';
import type {RuleWithSource} from './default-rules';
import {readRule} from './read-rule';

/** A rule as a tenant has it. */
export interface TenantRule {
  id: string;
  source: string;
  origin: 'default' | 'tenant';
  enabled: boolean;
  /**
   * What is looked for. Of a source that cannot be read it is the rule of the service in whose place it was put, so that
   * somebody watches; there may be none.
   */
  rule?: DetectionRule;
  /** Why the source, which an earlier version has kept, cannot be read any more. */
  fault?: string;
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
  for (const [id, each] of defaults) rules.set(id, {...each, id, origin: 'default', enabled: true});
  for (const row of rows) {
    const known = rules.get(row.id);
    if (row.source === null) {
      if (known) known.enabled = row.enabled;
      continue;
    }
    const {id, source, enabled} = row;
    const own = {id, source, enabled, origin: 'tenant'} as const;
    try {
      rules.set(id, {...own, rule: readRule(source)});
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      onUnreadable(row, error);
      rules.set(id, {...own, ...(known?.rule && {rule: known.rule}), fault: error.message});
    }
  }
  return rules;
}

export const enabledRules = (rules: ReadonlyMap<string, TenantRule>): DetectionRule[] =>
  [...rules.values()].flatMap(({enabled, rule}) => (enabled && rule ? [rule] : []));
