import {queryFault} from './fault';
import {readPattern} from './operand';

const MAX_LENGTH = 256;
/** Repetitions of repetitions multiply; PostgreSQL builds a state for each. */
const MAX_REPEAT = 100;

/**
 * Reads a regular expression, bare or between slashes with the flag `i`.
 *
 * PostgreSQL matches by automaton, in time linear in the text, but for back-references, and look-around
 * has no use in a filter: both are refused. What is left is bounded by length, by repetition and, when it
 * runs, by the time limit of the statement.
 *
 * @throws AuditError INVALID_FILTER
 */
export function readRegexp(
  value: unknown,
  ignoreCase: boolean,
  field: string,
): {value: string; ignoreCase: boolean} {
  const text = readPattern(value, field);
  const [, body = text, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  if (flags !== '' && flags !== 'i') throw queryFault(field, 'INVALID_REGEXP', 'knows no flag but i');
  if (body.length > MAX_LENGTH)
    throw queryFault(field, 'TOO_LONG', `must have at most ${MAX_LENGTH} characters`);
  if (body === '') throw queryFault(field, 'INVALID_REGEXP', 'is empty');
  if (/\\[1-9]|\(\?/.test(body) || body.startsWith('***')) {
    throw queryFault(
      field,
      'INVALID_REGEXP',
      'must not use back-references, look-around or embedded options',
    );
  }
  const repeats = [...body.matchAll(/\{(\d*),?(\d*)\}/g)].map(([, low, high]) =>
    Math.max(Number(low), Number(high)),
  );
  if (repeats.reduce((product, repeat) => product * Math.max(repeat, 1), 1) > MAX_REPEAT) {
    throw queryFault(field, 'INVALID_REGEXP', `must not repeat more than ${MAX_REPEAT} times in all`);
  }
  return {value: body, ignoreCase: ignoreCase || flags === 'i'};
}
