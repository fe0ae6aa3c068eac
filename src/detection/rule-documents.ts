import {type Document, isNode, LineCounter, parseAllDocuments} from 'yaml';
import {type Place, RuleFault} from './rule-fault';

/** What a rule and the rules that it correlates may have: room for hundreds of values. */
export const MAX_RULE_BYTES = 64 << 10;
const MAX_DOCUMENTS = 20;
const MAX_DEPTH = 20;

/** One YAML document of a rule. */
export interface RuleDocument {
  content: unknown;
  /** The line (from 1) that something is on. */
  lineOf(place: Place): number | undefined;
}

/**
 * Reads YAML 1.2 (core schema; JSON is YAML), without tags, aliases, merge keys or doubled keys, so that nothing in it is
 * larger than its text.
 *
 * @throws RuleFault with the line at which it stops making sense
 */
export function ruleDocuments(text: string): RuleDocument[] {
  if (Buffer.byteLength(text) > MAX_RULE_BYTES) {
    throw new RuleFault([], 'TOO_LONG', `must have at most ${MAX_RULE_BYTES} bytes`);
  }
  const lines = new LineCounter();
  const documents = parsed(text, lines);
  if (documents.length === 0) throw new RuleFault([], 'REQUIRED', 'is empty');
  if (documents.length > MAX_DOCUMENTS) {
    throw new RuleFault([], 'TOO_LONG', `must have at most ${MAX_DOCUMENTS} documents`);
  }
  return documents.map(document => {
    const content = contentOf(document);
    assertShallow(content, []);
    return {content, lineOf: place => lineIn(document, place, lines)};
  });
}

function parsed(text: string, lineCounter: LineCounter): Document[] {
  const options = {version: '1.2', schema: 'core', merge: false, logLevel: 'silent', lineCounter} as const;
  let documents: Document[];
  try {
    documents = [...parseAllDocuments(text, options)];
  } catch {
    // The parser calls itself for what is nested; so deep that the stack ends is no rule.
    throw new RuleFault([], 'INVALID_YAML', 'is nested too deeply');
  }
  for (const {errors, warnings} of documents) {
    const [problem] = [...errors, ...warnings];
    if (!problem) continue;
    const at = problem.linePos?.[0];
    // The parser quotes what it has read; its code and the place say enough.
    const where = at ? `line ${at.line}, column ${at.col}` : 'its end';
    throw new RuleFault([], 'INVALID_YAML', `is not YAML that is read here: ${problem.code} at ${where}`);
  }
  return documents.filter(({contents}) => contents !== null);
}

function contentOf(document: Document): unknown {
  try {
    return document.toJS({maxAliasCount: 0});
  } catch {
    throw new RuleFault([], 'UNSUPPORTED', 'must have no aliases');
  }
}

function assertShallow(value: unknown, place: Place): void {
  if (typeof value !== 'object' || value === null) return;
  if (place.length > MAX_DEPTH)
    throw new RuleFault(place.slice(0, 3), 'INVALID_YAML', 'is nested too deeply');
  for (const [name, inner] of Object.entries(value)) assertShallow(inner, [...place, name]);
}

/** The line of the innermost thing on the way to a place that is there. */
function lineIn(document: Document, place: Place, lines: LineCounter): number | undefined {
  for (let length = place.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(place.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}
