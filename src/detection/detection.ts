import type {Condition} from '../models/condition';
import {readDetectionCondition} from './detection-condition';
import {readItem} from './detection-item';
import {objectAt, type Place, RuleFault, textAt} from './rule-fault';
import type {Taxonomy} from './rule-field';

const MAX_SELECTIONS = 50;
const MAX_ITEMS = 100;

/**
 * Reads the `detection` of a rule: selections by name, each a map whose items all hold, or a list of such maps of which
 * one holds, and the condition that joins them.
 *
 * @throws RuleFault
 */
export function readSelections(detection: unknown, taxonomy: Taxonomy, place: Place): Condition {
  const {condition, ...given} = objectAt(detection, place);
  if ('timeframe' in given) {
    throw new RuleFault([...place, 'timeframe'], 'UNSUPPORTED', 'is of Sigma 1: write a correlation');
  }
  const names = Object.keys(given);
  if (names.length === 0) throw new RuleFault(place, 'REQUIRED', 'has no selection');
  if (names.length > MAX_SELECTIONS)
    throw new RuleFault(place, 'TOO_LONG', `has more than ${MAX_SELECTIONS} selections`);
  const selections = new Map(
    names.map(name => [name, readSelection(given[name], taxonomy, [...place, name])]),
  );
  const at = [...place, 'condition'];
  if (Array.isArray(condition)) throw new RuleFault(at, 'UNSUPPORTED', 'must be one condition');
  return readDetectionCondition(textAt(condition, at, 4_096), selections, at);
}

function readSelection(selection: unknown, taxonomy: Taxonomy, place: Place): Condition {
  if (!Array.isArray(selection)) return readMap(selection, taxonomy, place);
  if (selection.length === 0 || selection.length > MAX_ITEMS) {
    throw new RuleFault(place, 'INVALID_VALUE', `must have 1 to ${MAX_ITEMS} items`);
  }
  return {kind: 'or', of: selection.map((each, i) => readMap(each, taxonomy, [...place, i]))};
}

function readMap(map: unknown, taxonomy: Taxonomy, place: Place): Condition {
  if (typeof map === 'string' || typeof map === 'number') {
    throw new RuleFault(place, 'UNSUPPORTED', 'must name a field: keywords are not read here');
  }
  const items = Object.entries(objectAt(map, place));
  if (items.length === 0 || items.length > MAX_ITEMS) {
    throw new RuleFault(place, 'INVALID_VALUE', `must have 1 to ${MAX_ITEMS} items`);
  }
  const of = items.map(([key, value]) => readItem(key, value, taxonomy, [...place, key]));
  return of.length === 1 && of[0] ? of[0] : {kind: 'and', of};
}
