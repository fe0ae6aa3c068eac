import type {DetectionRule} from '../../models/detection-rule';
import {Parameters} from '../condition-sql';
import type {Session} from '../session';
import {cursorRows} from '../stream-entries';
import {columnsOf, eventsSql, inGroupsSql, type MicrosRange, rangeSql} from './events-sql';

/** An entry of a group: when it was, which of the rule's conditions it is under, and what the rule counts of it. */
export interface GroupEvent {
  at: number;
  matches: boolean[];
  values: (string | null)[];
}

/** Events that one fetch brings: each is a few numbers, unlike an entry. */
const EVENTS_AT_ONCE = 1_000;

/** The entries of one group in a time, in its order, a page at a time as they are consumed. */
export async function* groupEvents(
  session: Session,
  tenantId: string,
  rule: DetectionRule,
  range: MicrosRange,
  group: readonly string[],
): AsyncGenerator<GroupEvent> {
  const parameters = new Parameters();
  const {matches, values} = columnsOf(rule);
  const events = eventsSql(
    rule,
    tenantId,
    parameters,
    expressions => `${rangeSql(range, parameters)} AND ${inGroupsSql([group], expressions, parameters)}`,
  );
  const text = `SELECT ${['micros', ...matches, ...values].join(', ')} FROM (${events}) events ORDER BY acted_at, id`;
  for await (const rows of cursorRows(session, text, parameters.values, EVENTS_AT_ONCE)) {
    for (const [micros, ...rest] of rows) {
      yield {
        at: Number(micros),
        matches: rest.slice(0, matches.length) as boolean[],
        values: rest.slice(matches.length) as (string | null)[],
      };
    }
  }
}
