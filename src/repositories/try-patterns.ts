import type {Condition} from '../models/condition';
import type {Session} from './database';

/**
 * Has the database read every regular expression of a condition, where that will be held against entries that are still to
 * come: it would find a fault with the first of them alone.
 *
 * @throws a fault of PostgreSQL, which {@link Session}'s database tells as INVALID_FILTER
 */
export async function tryPatterns(session: Session, condition: Condition): Promise<void> {
  for (const pattern of patternsOf(condition)) await session.rows("SELECT '' ~ $1::text", [pattern]);
}

function patternsOf(condition: Condition): string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.of.flatMap(patternsOf);
    case 'not':
    case 'entitiesOf':
      return patternsOf(condition.of);
    case 'compare':
      return condition.comparison.operator === 'regexp' ? [condition.comparison.value] : [];
    default:
      return [];
  }
}
