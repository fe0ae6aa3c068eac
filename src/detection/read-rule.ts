import {validate as isUuid} from 'uuid';
import {AuditError} from '../errors';
import {type DetectionRule, LEVELS} from '../models/detection-rule';
import {readCorrelation} from './correlation';
import {readSelections} from './detection';
import {type RuleDocument, ruleDocuments} from './rule-documents';
import {assertKnown, objectAt, type Place, placeText, RuleFault, textAt, textsAt} from './rule-fault';
import {readGroupField, type Taxonomy} from './rule-field';
import type {RulePart} from './rule-part';

/** What tells of a rule, and changes nothing of what it finds. */
const TOLD = ['title', 'id', 'name', 'status', 'description', 'level', 'tags', 'falsepositives'];
const UNREAD = ['license', 'references', 'author', 'date', 'modified', 'fields', 'related', 'scope'];
const STATUSES = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'];

const REFUSED: Readonly<Record<string, string>> = {
  taxonomy: 'is not read here: fields are named as docs/detection.md says',
  generate: 'is not read here: a rule that is correlated raises no alert by itself',
  action: 'is of Sigma 1: what follows is a document of its own',
};

interface Part extends RulePart {
  document: RuleDocument;
}

/** Of a rule that correlates nothing, what one actor does in an hour is one alert. */
const ACTOR = readGroupField('actor', 'audit', []);

/**
 * Reads a rule in the subset of Sigma that docs/detection.md tells: one document, or several of which one correlates the
 * others. Whatever is not understood is refused, for a rule that is half read finds half, or everything.
 *
 * @throws AuditError INVALID_RULE with the place, and its line where it is known
 */
export function readRule(text: string): DetectionRule {
  let part: Part | undefined;
  try {
    const parts = ruleDocuments(text).map(document => {
      part = {...asPart(document.content), document};
      return part;
    });
    const main = mainOf(parts);
    part = main;
    return ruleOf(main, parts, each => {
      part = each;
    });
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error;
    const line = part?.document.lineOf(error.place);
    const detail = {field: placeText(error.place), code: error.code, message: error.message};
    throw new AuditError('INVALID_RULE', `The rule cannot be read: ${detail.field} ${detail.message}.`, [
      {...detail, ...(line !== undefined && {line})},
    ]);
  }
}

function asPart(content: unknown): Omit<Part, 'document'> {
  const rule = objectAt(content, []);
  assertKnown(rule, [...TOLD, ...UNREAD, 'logsource', 'detection', 'correlation'], [], REFUSED);
  const id = rule.id === undefined ? undefined : textAt(rule.id, ['id']);
  if (id !== undefined && !isUuid(id)) throw new RuleFault(['id'], 'INVALID_ID', 'must be a UUID');
  const name = rule.name === undefined ? undefined : textAt(rule.name, ['name']);
  if ((rule.detection === undefined) === (rule.correlation === undefined)) {
    throw new RuleFault([], 'REQUIRED', 'must have either detection or correlation');
  }
  const names = [id?.toLowerCase(), name].filter(each => each !== undefined);
  return {content: rule, names, taxonomy: taxonomyOf(rule.logsource)};
}

/** Where the fields of a rule are found. */
function taxonomyOf(logsource: unknown): Taxonomy {
  if (logsource === undefined) return 'audit';
  const source = objectAt(logsource, ['logsource']);
  assertKnown(source, ['product', 'service', 'category', 'definition'], ['logsource']);
  if (source.product === 'aws' && source.service === 'cloudtrail') return 'cloudtrail';
  if (source.product === 'audit' && source.service === undefined) return 'audit';
  const message = 'must be product: audit, or product: aws with service: cloudtrail';
  throw new RuleFault(['logsource'], 'UNSUPPORTED', message);
}

/** The one document that no other refers to. */
function mainOf(parts: readonly Part[]): Part {
  const referred = new Set(
    parts.flatMap(({content}) => {
      const rules = (content.correlation as {rules?: unknown} | undefined | null)?.rules;
      return (Array.isArray(rules) ? rules : [rules]).map(each => String(each).toLowerCase());
    }),
  );
  const free = parts.filter(({names}) => !names.some(name => referred.has(name.toLowerCase())));
  const [main] = free;
  if (!main || free.length > 1) {
    throw new RuleFault([], 'INVALID_VALUE', 'must have exactly one document that no other correlates');
  }
  return main;
}

function ruleOf(main: Part, parts: readonly Part[], reading: (part: Part) => void): DetectionRule {
  const {content} = main;
  const id = textAt(content.id, ['id']).toLowerCase();
  const told = {
    ...{
      id,
      title: textAt(content.title, ['title']),
      level: oneOf(LEVELS, content.level ?? 'medium', ['level']),
    },
    status: oneOf(STATUSES, content.status ?? 'experimental', ['status']),
    ...(content.description !== undefined && {
      description: textAt(content.description, ['description'], 16_384),
    }),
    tags: textsAt(content.tags, ['tags']),
    falsePositives: textsAt(content.falsepositives, ['falsepositives']),
  };
  const matcherOf = (part: Part) => {
    reading(part);
    return readSelections(part.content.detection, part.taxonomy, ['detection']);
  };
  if (content.correlation === undefined) {
    const values = {matchers: [matcherOf(main)], values: [], groupBy: [ACTOR]};
    return {...told, ...values, watch: {kind: 'signal', signal: {kind: 'match', matcher: 0}}};
  }
  return {...told, ...readCorrelation(main, parts, matcherOf, reading)};
}

const oneOf = <T extends string>(known: readonly T[], value: unknown, place: Place): T => {
  const found = known.find(each => each === value);
  if (found === undefined) throw new RuleFault(place, 'INVALID_VALUE', `must be one of ${known.join(', ')}`);
  return found;
};
