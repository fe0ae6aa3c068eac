import type {JsonObject} from '../entry';
import {sameJson} from './json-of';
import {withheld} from './mask';

/** One row before and after; absent where it was not there. */
export interface RowChange {
  id: string;
  before?: JsonObject;
  after?: JsonObject;
}

export interface ChangePolicy {
  /** Properties whose values are withheld, though that they changed is not. */
  isMasked: (property: string) => boolean;
  /** Properties that do not count as a change and are not recorded. */
  ignored: readonly string[];
}

/** A change as an entry records it. */
export interface RecordedChange {
  before?: JsonObject;
  after?: JsonObject;
  changedFields: string[];
}

/** Names the properties in which two states differ, by value, and withholds what must not be shown. */
export function recordedChange(
  {before, after}: RowChange,
  {isMasked, ignored}: ChangePolicy,
): RecordedChange {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const changedFields = names.filter(
    name => !ignored.includes(name) && !sameJson(before?.[name], after?.[name]),
  );
  const shown = (state: JsonObject) =>
    withheld(Object.fromEntries(Object.entries(state).filter(([name]) => !ignored.includes(name))), isMasked);
  return {
    ...(before && {before: shown(before)}),
    ...(after && {after: shown(after)}),
    changedFields,
  };
}
