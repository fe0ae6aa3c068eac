import type {ColumnBuilder} from '@loopback-audit/service';

/** Exports in the words of the shop, instead of every property of an entry. */
export const exportColumns: ColumnBuilder = entries =>
  entries.map(({actedAt, actor, action, before, after}) => ({
    When: actedAt,
    Who: actor,
    What: action,
    Product: (after ?? before)?.name,
    'Old price': before?.priceInCents,
    'New price': after?.priceInCents,
  }));
