import type {RuleField} from '../../models/detection-rule';
import {type Parameters, pathText} from '../condition-sql';

/** The value of a field as text; NULL where the entry has none. The session's time zone is UTC. */
export function fieldSql({column, path, derivation}: RuleField, parameters: Parameters): string {
  switch (derivation) {
    case 'network':
      // What one connection usually keeps while its address changes: /24 of IPv4, /48 of IPv6 (RFC 6177).
      return `network(set_masklen(${column.column}, CASE family(${column.column}) WHEN 4 THEN 24 ELSE 48 END))::text`;
    case 'hour':
      return `extract(hour FROM ${column.column})::int::text`;
    default:
      return pathText({column, path}, parameters);
  }
}
