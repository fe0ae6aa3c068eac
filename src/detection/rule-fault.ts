import {isPlainObject} from '../admission/check-property';
import {textFault} from '../admission/json-faults';
import {shown} from '../query/fault';

/** Where in a document something is: names of properties and numbers of items, from the outside in. */
export type Place = readonly (string | number)[];

/** A place as it is told, such as `detection.selection.ip|cidr` or `correlation.rules[1]`. */
export const placeText = (place: Place): string =>
  place
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${shown(step)}`))
    .join('') || 'rule';

/** What is wrong with a rule, and where. It is told in the service's own terms where the rule was asked to be read. */
export class RuleFault extends Error {
  constructor(
    readonly place: Place,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** @throws RuleFault */
export function objectAt(value: unknown, place: Place): Record<string, unknown> {
  if (isPlainObject(value)) return value;
  throw new RuleFault(place, value === undefined ? 'REQUIRED' : 'INVALID_TYPE', 'must be a map');
}

/** @throws RuleFault */
export function textAt(value: unknown, place: Place, maxLength = 256): string {
  if (value === undefined || value === null || value === '')
    throw new RuleFault(place, 'REQUIRED', 'is missing');
  if (typeof value !== 'string') throw new RuleFault(place, 'INVALID_TYPE', 'must be text');
  if (value.length > maxLength)
    throw new RuleFault(place, 'TOO_LONG', `must have at most ${maxLength} characters`);
  const fault = textFault(value);
  if (fault) throw new RuleFault(place, fault.code, fault.message);
  return value;
}

/** A list of text, or one text that stands for such a list. @throws RuleFault */
export function textsAt(value: unknown, place: Place, most = 100): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [textAt(value, place)];
  if (value.length > most) throw new RuleFault(place, 'TOO_LONG', `must have at most ${most} items`);
  return value.map((item, i) => textAt(item, [...place, i], 1_024));
}

/** @throws RuleFault for a property that is not read here, with what is said of it */
export function assertKnown(
  object: Record<string, unknown>,
  known: readonly string[],
  place: Place,
  refused: Readonly<Record<string, string>> = {},
): void {
  for (const name of Object.keys(object)) {
    if (known.includes(name)) continue;
    const reason = Object.hasOwn(refused, name) ? refused[name] : 'is not known here';
    throw new RuleFault([...place, name], 'UNSUPPORTED', reason ?? '');
  }
}
