import type {Condition} from '../models/condition';
import type {DetectionRule, RuleField, Signal} from '../models/detection-rule';
import {assertKnown, objectAt, type Place, RuleFault, textAt, textsAt} from './rule-fault';
import {readGroupField, type Taxonomy} from './rule-field';
import type {RulePart} from './rule-part';
import {readSpan} from './rule-span';

const MAX_COUNT = 10_000;
const MAX_RULES = 20;
const MAX_FIELDS = 5;
const MAX_CHAIN = 5;

const TYPES = ['event_count', 'value_count', 'temporal', 'temporal_ordered'] as const;
/** Our own, which Sigma has not. */
const NOVELTY = 'new_value';
const NOVELTY_NAMES = ['field', 'learning', 'learning-entries', 'tolerance'];

const REFUSED: Readonly<Record<string, string>> = {
  aliases: 'is not read here: the rules of a correlation share the names of their fields',
  ordered: 'is of a draft: the type is temporal_ordered',
};

const MONOTONE =
  'is not read here: what has been found would be found no more once more entries come; say gt or gte';

type Correlated = Pick<DetectionRule, 'matchers' | 'values' | 'groupBy' | 'watch'>;

/**
 * Reads the correlation of a rule (Sigma correlation rules specification 2), and the rules that it correlates, which are
 * documents beside it.
 *
 * @throws RuleFault
 */
export function readCorrelation<Part extends RulePart>(
  main: Part,
  parts: readonly Part[],
  matcherOf: (part: Part) => Condition,
  reading: (part: Part) => void,
): Correlated {
  const reader = new CorrelationReader(parts, matcherOf, reading);
  const taxonomy = reader.taxonomyOf(main);
  const correlation = objectAt(main.content.correlation, ['correlation']);
  const groupBy = readFields(correlation['group-by'], taxonomy, ['correlation', 'group-by']);
  if (correlation.type === NOVELTY) return {...reader.novelty(main, taxonomy, groupBy), groupBy};
  const signal = reader.signal(main, taxonomy, 0);
  const {matchers, values} = reader;
  return {matchers, values, groupBy, watch: {kind: 'signal', signal}};
}

class CorrelationReader<Part extends RulePart> {
  readonly matchers: Condition[] = [];
  readonly values: RuleField[] = [];
  private readonly known = new Map<Part, Signal>();

  constructor(
    private readonly parts: readonly Part[],
    private readonly matcherOf: (part: Part) => Condition,
    private readonly reading: (part: Part) => void,
  ) {}

  /** The one taxonomy of a correlation and everything beneath it. */
  taxonomyOf(main: Part): Taxonomy {
    const taxonomies = new Set(
      this.parts.filter(({content}) => content.detection).map(part => part.taxonomy),
    );
    if (taxonomies.size > 1) {
      throw new RuleFault(['correlation', 'rules'], 'UNSUPPORTED', 'correlates rules of several log sources');
    }
    return [...taxonomies][0] ?? main.taxonomy;
  }

  signal(part: Part, taxonomy: Taxonomy, depth: number): Signal {
    const known = this.known.get(part);
    if (known) return known;
    if (depth > MAX_CHAIN)
      throw new RuleFault(['correlation', 'rules'], 'TOO_LONG', 'is a chain without an end');
    const signal = part.content.detection ? this.match(part) : this.correlated(part, taxonomy, depth);
    this.known.set(part, signal);
    return signal;
  }

  novelty(part: Part, taxonomy: Taxonomy, groupBy: readonly RuleField[]): Omit<Correlated, 'groupBy'> {
    const at: Place = ['correlation'];
    const correlation = objectAt(part.content.correlation, at);
    assertKnown(correlation, ['type', 'rules', 'group-by', 'timespan', ...NOVELTY_NAMES], at, REFUSED);
    const of = this.referred(correlation.rules, taxonomy, 0);
    this.reading(part);
    if (of.length !== 1 || of[0]?.kind !== 'match') {
      throw new RuleFault([...at, 'rules'], 'INVALID_VALUE', 'must name one rule that has a detection');
    }
    if (groupBy.length === 0) throw new RuleFault([...at, 'group-by'], 'REQUIRED', 'is missing');
    const field = readGroupField(textAt(correlation.field, [...at, 'field']), taxonomy, [...at, 'field']);
    const tolerance = whole(correlation.tolerance ?? 0, 0, 12, [...at, 'tolerance']);
    if (tolerance > 0 && field.derivation !== 'hour') {
      throw new RuleFault([...at, 'tolerance'], 'INVALID_VALUE', 'is of hours alone');
    }
    const novelty = {
      ...{field, tolerance},
      spanMs: readSpan(correlation.timespan, [...at, 'timespan']),
      learningMs: readSpan(correlation.learning, [...at, 'learning']),
      learningEntries: whole(correlation['learning-entries'] ?? 1, 1, MAX_COUNT, [...at, 'learning-entries']),
    };
    if (novelty.learningMs >= novelty.spanMs)
      throw new RuleFault([...at, 'learning'], 'INVALID_VALUE', 'must be shorter than timespan');
    return {matchers: this.matchers, values: [], watch: {kind: 'novelty', novelty}};
  }

  private match(part: Part): Signal {
    this.matchers.push(this.matcherOf(part));
    return {kind: 'match', matcher: this.matchers.length - 1};
  }

  private correlated(part: Part, taxonomy: Taxonomy, depth: number): Signal {
    this.reading(part);
    const at: Place = ['correlation'];
    const correlation = objectAt(part.content.correlation, at);
    assertKnown(correlation, ['type', 'rules', 'group-by', 'timespan', 'condition'], at, REFUSED);
    const type = TYPES.find(each => each === correlation.type);
    if (!type) {
      const types = [...TYPES, ...(depth === 0 ? [NOVELTY] : [])].join(', ');
      throw new RuleFault([...at, 'type'], 'UNSUPPORTED', `must be one of ${types}`);
    }
    // Of a correlation beneath another, the group is that of the outermost, as Sigma has it.
    readFields(correlation['group-by'], taxonomy, [...at, 'group-by']);
    const spanMs = readSpan(correlation.timespan, [...at, 'timespan']);
    const condition = this.condition(type, correlation.condition, taxonomy);
    const of = this.referred(correlation.rules, taxonomy, depth);
    this.reading(part);
    switch (type) {
      case 'event_count':
        return {kind: 'eventCount', of, spanMs, atLeast: condition.atLeast};
      case 'value_count':
        return {kind: 'valueCount', of, spanMs, ...condition};
      default:
        if (of.length < 2) throw new RuleFault([...at, 'rules'], 'REQUIRED', 'must name at least two rules');
        return {kind: 'temporal', of, spanMs, ordered: type === 'temporal_ordered'};
    }
  }

  private condition(type: (typeof TYPES)[number], given: unknown, taxonomy: Taxonomy) {
    const at: Place = ['correlation', 'condition'];
    if (type.startsWith('temporal')) {
      if (given !== undefined)
        throw new RuleFault(at, 'UNSUPPORTED', 'is not read here: all rules must occur');
      return {atLeast: 0, value: 0};
    }
    const condition = objectAt(given, at);
    const counting = type === 'value_count' ? ['field'] : [];
    const refused = Object.fromEntries(['lt', 'lte', 'eq', 'neq'].map(name => [name, MONOTONE]));
    assertKnown(condition, ['gt', 'gte', ...counting], at, refused);
    const {gt, gte, field} = condition;
    if ((gt === undefined) === (gte === undefined))
      throw new RuleFault(at, 'REQUIRED', 'must have gt or gte');
    const atLeast =
      gte === undefined
        ? whole(gt, 0, MAX_COUNT, [...at, 'gt']) + 1
        : whole(gte, 1, MAX_COUNT, [...at, 'gte']);
    if (type === 'event_count') return {atLeast, value: 0};
    this.values.push(readGroupField(textAt(field, [...at, 'field']), taxonomy, [...at, 'field']));
    return {atLeast, value: this.values.length - 1};
  }

  private referred(rules: unknown, taxonomy: Taxonomy, depth: number): Signal[] {
    const at: Place = ['correlation', 'rules'];
    const names = textsAt(rules, at, MAX_RULES);
    if (names.length === 0) throw new RuleFault(at, 'REQUIRED', 'is missing');
    return names.map((name, i) => {
      const found = this.parts.filter(
        part => part.names.includes(name) || part.names.includes(name.toLowerCase()),
      );
      const [part] = found;
      const place = Array.isArray(rules) ? [...at, i] : at;
      if (!part || found.length > 1) {
        throw new RuleFault(place, 'UNKNOWN_RULE', 'is the id or name of no one document beside this one');
      }
      return this.signal(part, taxonomy, depth + 1);
    });
  }
}

function readFields(given: unknown, taxonomy: Taxonomy, place: Place): RuleField[] {
  return textsAt(given, place, MAX_FIELDS).map((name, i) =>
    readGroupField(name, taxonomy, Array.isArray(given) ? [...place, i] : place),
  );
}

function whole(value: unknown, least: number, most: number, place: Place): number {
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value);
  throw new RuleFault(place, 'INVALID_VALUE', `must be a whole number from ${least} to ${most}`);
}
