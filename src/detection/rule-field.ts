import type {PropertyPath} from '../models/condition';
import type {Derivation, RuleField} from '../models/detection-rule';
import {columnOf} from '../models/entry-columns';
import {type Place, RuleFault} from './rule-fault';

/** Where fields of a rule are found: in the properties of entries, or in the CloudTrail record that an entry was made of. */
export type Taxonomy = 'audit' | 'cloudtrail';

/** Fields of CloudTrail that the import renames; others are in the record that the entry keeps. */
const FROM_CLOUDTRAIL: Readonly<Record<string, string>> = {
  eventName: 'action',
  eventSource: 'actionGroup',
  eventTime: 'actedAt',
};

/** Properties that a rule has no use for: what all entries of a tenant share, and what proves them. */
const OF_NO_USE = ['tenantId', 'leafIndex', 'leafHash', 'salt', 'commitments'];

/**
 * Reads the name of a field: a property, or a path into `metadata`, `before`, `after` or `relatedEntities`.
 *
 * @throws RuleFault
 */
export function readField(name: string, taxonomy: Taxonomy, place: Place): PropertyPath {
  const mapped = taxonomy === 'cloudtrail' ? fromCloudTrail(name) : name;
  const [property = '', ...path] = mapped.split('.');
  const column = OF_NO_USE.includes(property) ? undefined : columnOf(property);
  if (!column) throw new RuleFault(place, 'UNKNOWN_PROPERTY', `names no property of an entry: ${property}`);
  if (column.kind !== 'json' && path.length > 0) {
    throw new RuleFault(place, 'UNKNOWN_PROPERTY', `leads into ${property}, which is not JSON`);
  }
  if (column.kind === 'json' && path.length === 0) {
    throw new RuleFault(place, 'UNKNOWN_PROPERTY', `must name a property inside of ${property}`);
  }
  if (path.includes('') || path.length > 16) {
    throw new RuleFault(place, 'UNKNOWN_PROPERTY', 'is not a path');
  }
  return {column, path};
}

/** Names that are both CloudTrail's and ours, such as `errorCode`, mean the same. */
function fromCloudTrail(name: string): string {
  if (Object.hasOwn(FROM_CLOUDTRAIL, name)) return String(FROM_CLOUDTRAIL[name]);
  return columnOf(name.split('.', 1)[0] ?? '') ? name : `metadata.cloudtrail.${name}`;
}

/** The kind of column that a derivation is made of. */
const DERIVED_OF = {network: 'ip', hour: 'time'} as const satisfies Record<Derivation, string>;

/**
 * Reads a field to group or count by: as {@link readField}, or derived, as `network(ip)` and `hour(actedAt)` are.
 *
 * @throws RuleFault
 */
export function readGroupField(name: string, taxonomy: Taxonomy, place: Place): RuleField {
  const [, derivation, inner = name] = /^(\w+)\(([^()]+)\)$/.exec(name) ?? [];
  const field = readField(inner, taxonomy, place);
  if (derivation === undefined) return {name, ...field};
  if (!Object.hasOwn(DERIVED_OF, derivation)) {
    throw new RuleFault(place, 'UNSUPPORTED', 'is derived neither as network(ip) nor as hour(actedAt)');
  }
  const known = derivation as Derivation;
  if (field.column.kind !== DERIVED_OF[known]) {
    const of = known === 'network' ? 'an address' : 'a time';
    throw new RuleFault(place, 'INVALID_VALUE', `derives ${known} of what is not ${of}`);
  }
  return {name, ...field, derivation: known};
}
