import type {Condition} from '../models/condition';
import {type Place, RuleFault} from './rule-fault';

const MAX_LENGTH = 4_096;
const MAX_DEPTH = 20;
const QUANTIFIERS = new Map<string, 'and' | 'or'>([
  ['1', 'or'],
  ['any', 'or'],
  ['all', 'and'],
]);

/**
 * Reads a condition of Sigma over the selections of a rule:
 *
 *     or    = and *("or" and)
 *     and   = not *("and" not)
 *     not   = "not" not / "(" or ")" / ("1" / "any" / "all") "of" ("them" / pattern) / name
 *
 * A pattern is a name with `*`; `them` is every selection whose name does not begin with an underscore.
 *
 * @throws RuleFault
 */
export function readDetectionCondition(
  text: string,
  selections: ReadonlyMap<string, Condition>,
  place: Place,
): Condition {
  if (text.length > MAX_LENGTH)
    throw new RuleFault(place, 'TOO_LONG', `has more than ${MAX_LENGTH} characters`);
  return new ConditionReader(text, selections, place).read();
}

class ConditionReader {
  private readonly tokens: string[];
  private at = 0;
  private depth = 0;

  constructor(
    text: string,
    private readonly selections: ReadonlyMap<string, Condition>,
    private readonly place: Place,
  ) {
    if (text.includes('|')) {
      throw this.fault('UNSUPPORTED', 'must not aggregate: counting is a correlation of its own');
    }
    this.tokens = text.match(/[()]|[^\s()]+/g) ?? [];
  }

  read(): Condition {
    const condition = this.or();
    if (this.at < this.tokens.length) throw this.unexpected();
    return condition;
  }

  private or(): Condition {
    if (++this.depth > MAX_DEPTH) throw this.fault('TOO_LONG', 'is nested too deeply');
    const of = [this.and()];
    while (this.takes('or')) of.push(this.and());
    this.depth -= 1;
    return joined('or', of);
  }

  private and(): Condition {
    const of = [this.not()];
    while (this.takes('and')) of.push(this.not());
    return joined('and', of);
  }

  private not(): Condition {
    let isNegated = false;
    while (this.takes('not')) isNegated = !isNegated;
    const condition = this.operand();
    return isNegated ? {kind: 'not', of: condition} : condition;
  }

  private operand(): Condition {
    if (this.takes('(')) {
      const inner = this.or();
      if (!this.takes(')')) throw this.unexpected();
      return inner;
    }
    const token = this.next();
    if (this.tokens[this.at]?.toLowerCase() === 'of') return this.several(token);
    const selection = this.selections.get(token);
    if (!selection) throw this.fault('UNKNOWN_SELECTION', `names no selection at word ${this.at}`);
    return selection;
  }

  private several(quantifier: string): Condition {
    const kind = QUANTIFIERS.get(quantifier.toLowerCase());
    if (!kind) throw this.fault('UNSUPPORTED', 'counts selections by 1 of, any of or all of alone');
    this.at += 1;
    const pattern = this.next();
    const of = [...this.selections].filter(([name]) => isMeant(name, pattern)).map(([, each]) => each);
    if (of.length === 0) throw this.fault('UNKNOWN_SELECTION', `names no selection at word ${this.at}`);
    return joined(kind, of);
  }

  private takes(word: string): boolean {
    if (this.tokens[this.at]?.toLowerCase() !== word) return false;
    this.at += 1;
    return true;
  }

  private next(): string {
    const token = this.tokens[this.at];
    if (token === undefined || ['(', ')', 'and', 'or', 'not', 'of'].includes(token.toLowerCase()))
      throw this.unexpected();
    this.at += 1;
    return token;
  }

  private unexpected(): RuleFault {
    const where = this.at < this.tokens.length ? `at word ${this.at + 1}` : 'at its end';
    return this.fault('INVALID_CONDITION', `stops making sense ${where}`);
  }

  private fault(code: string, message: string): RuleFault {
    return new RuleFault(this.place, code, message);
  }
}

const joined = (kind: 'and' | 'or', of: readonly Condition[]): Condition =>
  of.length === 1 && of[0] ? of[0] : {kind, of};

function isMeant(name: string, pattern: string): boolean {
  if (pattern.toLowerCase() === 'them') return !name.startsWith('_');
  const parts = pattern.split('*');
  if (parts.length === 1) return name === pattern;
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
