import type {Condition} from '../models/condition';
import {not} from '../models/condition';
import {columnOf} from '../models/entry-columns';
import {queryFault, shown} from './fault';
import {readPattern} from './operand';
import {readTerm, type Written} from './term';
import {readWords} from './words';

const MAX_DEPTH = 10;
const MAX_TERMS = 200;

/** What a key stands for where it is no property of the entry by its own name. */
const KEYS: Readonly<Record<string, string>> = {
  created: 'actedAt',
  time: 'actedAt',
  recorded: 'recordedAt',
  changed: 'changedFields',
  tag: 'tags',
  resource: 'actedOn',
  resource_id: 'entityId',
  user: 'actor',
  user_id: 'actor',
  status: 'outcome',
  service: 'serviceName',
  service_name: 'serviceName',
  request: 'requestId',
  request_id: 'requestId',
  ip_address: 'ip',
};

/** People are known by their id, their name or their address. */
const PERSON = ['actor', 'actorName', 'actorEmail'];

/** One token of a query, and the position (from 1) at which it begins. */
type Token =
  | {kind: '(' | ')' | '-' | 'or' | 'and' | 'end'; at: number}
  | {kind: 'term'; key: string; values: Written[]; at: number}
  | {kind: 'words'; value: Written; at: number};

/**
 * Reads the search syntax of `q`:
 *
 * ```
 * action:user.* actor:"Jane Doe" -outcome:success created:>=2026-01-01 (ip:10.0.0.0/8 OR before.role:editor) free words
 * ```
 *
 * Terms that stand beside one another all hold, `OR` is either, `-` or `NOT` negates, commas in a value are or, quotes
 * take a value as it stands (`\"` and `\\` inside). `has:` asks whether a property is there.
 *
 * @param now what ages such as `24h` are counted from, RFC 3339
 * @throws AuditError INVALID_PARAMETER that says at which character
 */
export function readSearch(q: string, now: string, field = 'q'): Condition {
  readPattern(q, field);
  return new Parser(tokensOf(q, field), now, field).read();
}

const syntaxFault = (field: string, at: number, message: string) =>
  queryFault(field, 'INVALID_SYNTAX', `at character ${at}: ${message}`, 'INVALID_PARAMETER');

/** Or, of and, of not, of what is in parentheses or a term: recursive descent. */
class Parser {
  private next = 0;
  private depth = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly now: string,
    private readonly field: string,
  ) {}

  read(): Condition {
    const condition = this.either();
    const {kind, at} = this.token();
    if (kind !== 'end') throw syntaxFault(this.field, at, 'a parenthesis is closed that was not opened');
    return condition;
  }

  private token(): Token {
    return this.tokens[this.next] ?? {kind: 'end', at: 0};
  }

  private take(kind: Token['kind']): boolean {
    const isThere = this.token().kind === kind;
    if (isThere) this.next += 1;
    return isThere;
  }

  private either(): Condition {
    const of = [this.all()];
    while (this.take('or')) of.push(this.all());
    return of.length === 1 && of[0] ? of[0] : {kind: 'or', of};
  }

  private all(): Condition {
    const of = [this.one()];
    for (;;) {
      const also = this.take('and');
      if (!also && ['or', ')', 'end'].includes(this.token().kind)) break;
      of.push(this.one());
    }
    return of.length === 1 && of[0] ? of[0] : {kind: 'and', of};
  }

  private one(): Condition {
    const token = this.token();
    this.next += 1;
    switch (token.kind) {
      case '-':
        return this.deeper(token.at, () => not(this.one()));
      case '(':
        return this.deeper(token.at, () => {
          const inside = this.either();
          if (!this.take(')'))
            throw syntaxFault(this.field, token.at, 'a parenthesis is opened and not closed');
          return inside;
        });
      case 'term':
        return this.term(token);
      case 'words':
        return readWords(token.value, `${this.field} at character ${token.at}`);
      default:
        throw syntaxFault(this.field, token.at, 'something to search for is missing');
    }
  }

  private deeper(at: number, read: () => Condition): Condition {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw syntaxFault(this.field, at, `more than ${MAX_DEPTH} levels deep`);
    const condition = read();
    this.depth -= 1;
    return condition;
  }

  private term({key, values, at}: Extract<Token, {kind: 'term'}>): Condition {
    const field = `${this.field} at character ${at}`;
    const of = values.flatMap(value => this.meanings(key, value, field));
    return of.length === 1 && of[0] ? of[0] : {kind: 'or', of};
  }

  private meanings(key: string, value: Written, field: string): Condition[] {
    if (key === 'has')
      return [
        {...this.target(value.text, field), kind: 'compare', comparison: {operator: 'exists', value: true}},
      ];
    if (key === 'resource' && !value.quoted && /^[^/*]+\/./.test(value.text))
      return [this.entity(value, field)];
    const name = Object.hasOwn(KEYS, key) ? (KEYS[key] ?? key) : key;
    const names = name === 'actor' ? PERSON : [name];
    return names.map(each => readTerm(this.target(each, field), value));
  }

  /** `resource:Order/17`: the type and the id of one entity. */
  private entity({text}: Written, field: string): Condition {
    const slash = text.indexOf('/');
    const part = (name: string, of: string) => readTerm(this.target(name, field), {text: of, quoted: true});
    return {
      kind: 'and',
      of: [part('actedOn', text.slice(0, slash)), part('entityId', text.slice(slash + 1))],
    };
  }

  private target(name: string, field: string) {
    const [property = '', ...path] = name.split('.');
    const column = columnOf(property);
    if (!column || (path.length > 0 && column.kind !== 'json')) {
      throw queryFault(
        field,
        'UNKNOWN_PROPERTY',
        `has no property ${JSON.stringify(shown(name))} to ask for`,
        'INVALID_PARAMETER',
      );
    }
    if (path.length > MAX_DEPTH || path.includes('')) {
      throw queryFault(field, 'INVALID_PATH', 'has a path that leads nowhere', 'INVALID_PARAMETER');
    }
    return {column, path, field, now: this.now};
  }
}

const KEY = /^([A-Za-z_][\w.-]*):/;
const BARE = /^[^\s()",]+/;

function tokensOf(q: string, field: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const push = (token: Token, length: number) => {
    tokens.push(token);
    at += length;
    if (tokens.length > 5 * MAX_TERMS) throw syntaxFault(field, at, `more than ${MAX_TERMS} terms`);
  };
  while (at < q.length) {
    const rest = q.slice(at);
    const here = at + 1;
    const [space] = /^\s+/.exec(rest) ?? [];
    const [word] = /^(?:OR|AND|NOT)(?=[\s()]|$)/.exec(rest) ?? [];
    const [whole, key] = KEY.exec(rest) ?? [];
    if (space !== undefined) at += space.length;
    else if (word !== undefined)
      push({kind: word === 'NOT' ? '-' : (word.toLowerCase() as 'or' | 'and'), at: here}, word.length);
    else if (rest[0] === '(' || rest[0] === ')') push({kind: rest[0], at: here}, 1);
    else if (rest[0] === '-' && /^-[^\s)-]/.test(rest)) push({kind: '-', at: here}, 1);
    else if (whole !== undefined && key !== undefined) {
      const {values, length} = valuesOf(q, at + whole.length, field);
      push({kind: 'term', key, values, at: here}, whole.length + length);
    } else {
      const {value, length} = writtenAt(q, at, field, /^[^\s()"]+/);
      push({kind: 'words', value, at: here}, length);
    }
  }
  const terms = tokens.filter(({kind}) => kind === 'term' || kind === 'words').length;
  if (terms > MAX_TERMS) throw syntaxFault(field, 1, `more than ${MAX_TERMS} terms`);
  return [...tokens, {kind: 'end', at: q.length + 1}];
}

/** The values of a key: one, or several with commas and no space between them. */
function valuesOf(q: string, begin: number, field: string): {values: Written[]; length: number} {
  const values: Written[] = [];
  let at = begin;
  do {
    if (values.length > 0) at += 1;
    const {value, length} = writtenAt(q, at, field, BARE);
    values.push(value);
    at += length;
  } while (q[at] === ',');
  return {values, length: at - begin};
}

function writtenAt(q: string, at: number, field: string, bare: RegExp): {value: Written; length: number} {
  const rest = q.slice(at);
  if (rest[0] !== '"') {
    const [text] = bare.exec(rest) ?? [];
    if (text === undefined) throw syntaxFault(field, at + 1, 'a value is missing');
    return {value: {text, quoted: false}, length: text.length};
  }
  const [whole, inside] = /^"((?:[^"\\]|\\.)*)"/s.exec(rest) ?? [];
  if (whole === undefined || inside === undefined)
    throw syntaxFault(field, at + 1, 'a quote is opened and not closed');
  return {value: {text: inside.replace(/\\(.)/gs, '$1'), quoted: true}, length: whole.length};
}
