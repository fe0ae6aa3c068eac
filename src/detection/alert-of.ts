import {v5 as uuidV5} from 'uuid';
import {type Admitted, admitOwn, type Bearer} from '../admission/admit';
import type {NewAlert} from '../models/alert.model';
import {ALERT_ACTIONS, type DetectionRule, type Finding, severityOf} from '../models/detection-rule';

/** Of this project alone, drawn once: what ids of alerts are made in (RFC 9562, section 5.5). */
const NAMESPACE = 'c1b0a3a5-6d5e-4f0e-9f43-0a2b6f1d7c58';

/** What entries that tell of alerts have acted on. */
export const ALERT_ENTITY = 'alert';

/**
 * The alert of a finding. Its id is made of what it is about, so that what is found again is the same alert.
 */
export function alertOf(tenantId: string, rule: DetectionRule, finding: Finding): NewAlert {
  const {group, episode, from, to, entries, evidence} = finding;
  const novel = rule.watch.kind === 'novelty' ? [rule.watch.novelty.field] : [];
  const names = [...rule.groupBy, ...novel].map(({name}) => name);
  return {
    id: uuidV5(JSON.stringify([tenantId, rule.id, group, episode]), NAMESPACE),
    ruleId: rule.id,
    title: rule.title,
    level: rule.level,
    tags: [...rule.tags],
    group: Object.fromEntries(names.map((name, i) => [name, group[i] ?? ''])),
    window: {from, to},
    entries,
    evidence: [...evidence],
  };
}

/** The entry that tells that an alert was raised. */
export function raisingOf(tenantId: string, alert: NewAlert): Admitted {
  const bearer: Bearer = {tenantId, actor: 'audit-service', actorType: 'system'};
  const {id, ruleId, title, level, tags, group, window, entries, evidence} = alert;
  const about = Object.entries(group).map(([name, value]) => `${name} ${value}`);
  const {entry} = admitOwn(
    {
      action: `${ALERT_ACTIONS}raise`,
      ...{actedOn: ALERT_ENTITY, entityId: id, entityName: title, category: 'security'},
      severity: severityOf(level),
      description: [title, ...about].join(', '),
      metadata: {rule: ruleId, level, tags, group, window, entries, evidence},
    },
    bearer,
  );
  return {entry, chosen: new Set()};
}
