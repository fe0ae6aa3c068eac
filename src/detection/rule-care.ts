import {admitOwn, type Bearer} from '../admission/admit';
import {AuditError} from '../errors';
import {RULE_ACTIONS} from '../models/detection-rule';
import type {Database, Session} from '../repositories/database';
import {forgetProgress, takeTurn} from '../repositories/detection/progress-rows';
import {deleteRule, type RuleRow, storeRule, tenantRules} from '../repositories/detection/rule-rows';
import {toldInTrail} from '../repositories/told-in-trail';
import type {RuleWithSource} from './default-rules';
import {readRule} from './read-rule';

/** Rules of one tenant at most: each looks at every entry. */
export const MAX_TENANT_RULES = 50;

const RULE_ENTITY = 'detection-rule';

interface Change {
  verb: 'create' | 'update' | 'delete' | 'enable' | 'disable';
  /** Absent where the rule cannot be read any more. */
  title: string | undefined;
  /** Whether the rule is to begin anew with the first entry. */
  anew: boolean;
}

/** Changes the rules of a tenant. Each change is told of in the trail, and waits for a look that is under way. */
export class RuleCare {
  constructor(
    private readonly database: Database,
    private readonly defaults: ReadonlyMap<string, RuleWithSource>,
  ) {}

  /**
   * Keeps a rule of the tenant's own; under the id of a rule of the service, in its place. It looks at all entries anew.
   *
   * @throws AuditError INVALID_RULE, TOO_MANY_RULES
   */
  async put(bearer: Bearer, id: string, source: string): Promise<void> {
    const rule = readRule(source);
    if (rule.id !== id) {
      const detail = {field: 'id', code: 'INVALID_ID', message: 'is not the id in the path'};
      throw new AuditError('INVALID_RULE', 'The rule has another id than the path.', [detail]);
    }
    await this.change(bearer, id, async (session, rows) => {
      const known = rows.find(row => row.id === id && row.source !== null);
      if (known?.source === source) return undefined;
      if (!known && rows.filter(row => row.source !== null).length >= MAX_TENANT_RULES) {
        const detail = {
          field: 'id',
          code: 'TOO_MANY_RULES',
          message: `would be one more than ${MAX_TENANT_RULES}`,
        };
        throw new AuditError('TOO_MANY_RULES', `A tenant has at most ${MAX_TENANT_RULES} rules of its own.`, [
          detail,
        ]);
      }
      const enabled = known?.enabled ?? true;
      await storeRule(session, bearer.tenantId, {id, source, enabled, changedBy: bearer.actor});
      return {verb: known ? 'update' : 'create', title: rule.title, anew: true};
    });
  }

  /** Deletes a rule of the tenant's own. @throws AuditError RULE_NOT_FOUND where it has no such rule */
  async delete(bearer: Bearer, id: string): Promise<void> {
    await this.change(bearer, id, async (session, rows) => {
      const known = rows.find(row => row.id === id && row.source !== null);
      if (!known) throw ruleNotFound('is no rule of the tenant itself');
      await deleteRule(session, bearer.tenantId, id);
      return {verb: 'delete', title: titleOf(known.source ?? ''), anew: true};
    });
  }

  /** Switches a rule on or off, one of the service too. @throws AuditError RULE_NOT_FOUND */
  async enable(bearer: Bearer, id: string, enabled: boolean): Promise<void> {
    await this.change(bearer, id, async (session, rows) => {
      const known = rows.find(row => row.id === id);
      const source = known?.source ?? null;
      const ofService = this.defaults.get(id)?.rule;
      if (source === null && !ofService) throw ruleNotFound('is no rule of this tenant');
      const title = source === null ? ofService?.title : titleOf(source);
      if ((known?.enabled ?? true) === enabled) return undefined;
      await storeRule(session, bearer.tenantId, {id, source, enabled, changedBy: bearer.actor});
      return {verb: enabled ? 'enable' : 'disable', title, anew: false};
    });
  }

  private async change(
    bearer: Bearer,
    id: string,
    work: (session: Session, rows: readonly RuleRow[]) => Promise<Change | undefined>,
  ): Promise<void> {
    const {tenantId} = bearer;
    await toldInTrail(this.database, {tenantId}, async session => {
      await takeTurn(session, tenantId, true);
      const done = await work(session, await tenantRules(session, tenantId));
      if (!done) return {result: undefined, entries: []};
      if (done.anew) await forgetProgress(session, tenantId, [id]);
      const {entry} = admitOwn(
        {
          action: `${RULE_ACTIONS}${done.verb}`,
          ...{actedOn: RULE_ENTITY, entityId: id, entityName: done.title},
          ...{category: 'security', severity: 'medium'},
        },
        bearer,
      );
      return {result: undefined, entries: [{entry, chosen: new Set<never>()}]};
    });
  }
}

/** A rule that was kept by an earlier version may be switched off and deleted, whether it can be read or not. */
function titleOf(source: string): string | undefined {
  try {
    return readRule(source).title;
  } catch (error) {
    if (error instanceof AuditError) return undefined;
    throw error;
  }
}

export function ruleNotFound(message: string): AuditError {
  const detail = {field: 'id', code: 'RULE_NOT_FOUND', message};
  return new AuditError('RULE_NOT_FOUND', 'There is no such rule.', [detail]);
}
