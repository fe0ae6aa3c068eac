import type {Logger} from 'pino';
import {AuditError} from '../errors';
import type {DetectionRule} from '../models/detection-rule';
import type {Database, Session} from '../repositories/database';
import {databaseError, isDatabaseError} from '../repositories/database-error';
import {storeAlert} from '../repositories/detection/alert-rows';
import {forgetProgress, moveOn, progressOf, takeTurn} from '../repositories/detection/progress-rows';
import {tenantRules} from '../repositories/detection/rule-rows';
import {type Told, toldInTrail} from '../repositories/told-in-trail';
import {treeSize} from '../repositories/tree-rows';
import {enabledRules, tenantRulesOf} from './active-rules';
import {alertOf, raisingOf} from './alert-of';
import type {RuleWithSource} from './default-rules';
import {findInPage} from './find-in-page';

export interface DetectorParts {
  database: Database;
  rules: ReadonlyMap<string, RuleWithSource>;
  logger: Logger;
  /** Is told of each alert that is new. */
  onAlert?: (level: string) => void;
}

/** What became of looking at a tenant: everything was looked at, there is more, or another process is at it. */
export type Advance = 'done' | 'more' | 'busy';

export interface DetectorOptions {
  /** Entries that are looked at in one transaction. */
  pageEntries: number;
  /** Longest time of one statement of a rule, in milliseconds. */
  ruleTimeoutMs: number;
  /** Time of a turn, after which no further page or rule is begun, in milliseconds. */
  turnMs: number;
  /** After this time a rule that has failed is tried again, in milliseconds. */
  retryMs: number;
}

export const DEFAULT_DETECTOR_OPTIONS: DetectorOptions = {
  pageEntries: 2_000,
  ruleTimeoutMs: 30_000,
  turnMs: 10_000,
  retryMs: 60_000,
};

/** Pages after which other tenants have their turn. */
const PAGES_OF_A_TURN = 20;

/** A rule whose statement fails: the others go on without it. */
class RuleFailure extends Error {
  constructor(
    readonly rule: DetectionRule,
    readonly position: number,
    readonly reason: AuditError,
  ) {
    super(reason.message, {cause: reason});
  }
}

/**
 * Holds the entries of a tenant against its rules, as they have come: page by page in the order of their leaves. One
 * transaction looks at a page, stores what was found with the entries that tell of it, and says how far each rule has
 * looked, so that nothing is lost or told twice, whenever a process ends.
 */
export class Detector {
  /** Until when rules that have failed are left alone, by tenant and rule, by the clock of `performance`. */
  private readonly resting = new Map<string, number>();

  constructor(
    private readonly parts: DetectorParts,
    private readonly options: DetectorOptions = DEFAULT_DETECTOR_OPTIONS,
  ) {}

  /** Of the rules that every tenant has. */
  get ruleIds(): string[] {
    return [...this.parts.rules.keys()];
  }

  /**
   * Looks at what has come to a tenant, for a turn: some pages at most, and no longer than it takes to end the rule that is
   * under way when its time is over. A rule that fails stays where it is, and is tried again after a while.
   *
   * @throws AuditError DATABASE_UNAVAILABLE
   */
  async advance(tenantId: string, signal?: AbortSignal): Promise<Advance> {
    const end = performance.now() + this.options.turnMs;
    for (let pages = 0; pages < PAGES_OF_A_TURN && !signal?.aborted; pages++) {
      if (pages > 0 && performance.now() >= end) break;
      const done = await this.page(tenantId, end).catch(async error => {
        if (!(error instanceof RuleFailure)) throw error;
        this.resting.set(`${tenantId} ${error.rule.id}`, performance.now() + this.options.retryMs);
        await this.tellFailure(tenantId, error);
        return 'more' as const;
      });
      if (done !== 'more') return done;
    }
    return 'more';
  }

  /** @param end of the turn, by the clock of `performance` */
  private async page(tenantId: string, end: number): Promise<Advance> {
    const options = {tenantId, background: true, timeoutMs: this.options.ruleTimeoutMs};
    const raised: string[] = [];
    const done = await toldInTrail<Advance>(this.parts.database, options, async session => {
      raised.length = 0;
      if (!(await takeTurn(session, tenantId, false))) return {result: 'busy', entries: []};
      return this.look(session, tenantId, raised, end);
    });
    for (const level of raised) this.parts.onAlert?.(level);
    return done;
  }

  /** Looks at one page by the rules that have come to its beginning: by one of them, and by others while there is time. */
  private async look(
    session: Session,
    tenantId: string,
    raised: string[],
    end: number,
  ): Promise<Told<Advance>> {
    const size = await treeSize(session, tenantId);
    const rules = await this.rulesOf(session, tenantId);
    const positionOf = await this.positions(session, tenantId, rules);
    const behind = rules.filter(rule => positionOf(rule) < size && !this.rests(tenantId, rule));
    if (behind.length === 0) return {result: 'done', entries: []};
    const from = Math.min(...behind.map(positionOf));
    // No further than to where the next rules are, so that they go on together.
    const ends = behind.map(positionOf).filter(position => position > from);
    const to = Math.min(from + this.options.pageEntries, size, ...ends);
    const looked: string[] = [];
    const alerts = [];
    session.become('audit_reader');
    for (const rule of behind.filter(each => positionOf(each) === from)) {
      if (looked.length > 0 && performance.now() >= end) break;
      const findings = await findInPage(session, tenantId, rule, {from, to}).catch(error => {
        throw failureOf(rule, from, error);
      });
      alerts.push(...findings.map(finding => alertOf(tenantId, rule, finding)));
      looked.push(rule.id);
    }
    session.become('audit_writer');
    const entries = [];
    for (const alert of alerts) {
      if (!(await storeAlert(session, tenantId, alert))) continue;
      raised.push(alert.level);
      entries.push(raisingOf(tenantId, alert));
    }
    await moveOn(session, tenantId, looked, to);
    return {result: 'more', entries};
  }

  private rests(tenantId: string, {id}: DetectionRule): boolean {
    const key = `${tenantId} ${id}`;
    if ((this.resting.get(key) ?? 0) > performance.now()) return true;
    this.resting.delete(key);
    return false;
  }

  private async rulesOf(session: Session, tenantId: string): Promise<DetectionRule[]> {
    const rows = await tenantRules(session, tenantId);
    const rules = tenantRulesOf(this.parts.rules, rows, ({id}, error) => {
      this.parts.logger.error(
        {err: error, tenantId, rule: id},
        'a rule of detection cannot be read any more',
      );
    });
    return enabledRules(rules);
  }

  /** How far each rule has looked; what is kept of rules that are no more is forgotten. */
  private async positions(session: Session, tenantId: string, rules: readonly DetectionRule[]) {
    const progress = await progressOf(session, tenantId);
    const gone = [...progress.keys()].filter(id => !rules.some(rule => rule.id === id));
    if (gone.length > 0) await forgetProgress(session, tenantId, gone);
    return (rule: DetectionRule): number => progress.get(rule.id)?.position ?? 0;
  }

  private async tellFailure(tenantId: string, {rule, position, reason}: RuleFailure): Promise<void> {
    const {database, logger} = this.parts;
    logger.error({err: reason, tenantId, rule: rule.id}, 'a rule of detection fails, and is tried again');
    await database.transaction({role: 'audit_writer', tenantId, background: true}, async session => {
      if (!(await takeTurn(session, tenantId, false))) return;
      await moveOn(session, tenantId, [rule.id], position, reason.message);
    });
  }
}

/** The fault of a rule; that the database is away is no rule's fault. */
function failureOf(rule: DetectionRule, position: number, error: unknown): unknown {
  if (!isDatabaseError(error)) return error;
  const known = databaseError(error);
  if (!(known instanceof AuditError)) {
    const message = 'The rule fails by a fault of the service; its log says more.';
    return new RuleFailure(rule, position, new AuditError('INTERNAL', message, [], {cause: error}));
  }
  return known.code === 'DATABASE_UNAVAILABLE' ? error : new RuleFailure(rule, position, known);
}
