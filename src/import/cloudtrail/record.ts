import type {JsonObject, JsonValue} from '@loopback-audit/audit-log';
import type {ErrorDetail} from '../../errors';
import {isJsonObject} from '../json-object';

/** A record of AWS CloudTrail (CloudTrail user guide, "CloudTrail record contents"), as it came. */
export type CloudTrailRecord = JsonObject & {eventName: string; eventSource: string; eventTime: string};

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;

/** What keeps a value from being a CloudTrail record; nothing when it is one. */
export function recordProblems(value: unknown): ErrorDetail[] {
  const record = objectAt(value);
  if (record === undefined) {
    return [{field: '', code: 'INVALID_TYPE', message: 'The record is not a JSON object.'}];
  }
  const missing = ['eventName', 'eventSource', 'eventTime'].filter(
    field => textAt(record[field]) === undefined,
  );
  const problems = missing.map(field => ({
    field,
    code: 'REQUIRED_FIELD_MISSING',
    message: `A CloudTrail record has a text '${field}'.`,
  }));
  const time = textAt(record.eventTime);
  if (time !== undefined && !(TIME.test(time) && !Number.isNaN(Date.parse(time)))) {
    const message = `'${time}' is not a time in UTC such as 2026-11-22T03:10:59Z.`;
    problems.push({field: 'eventTime', code: 'INVALID_FORMAT', message});
  }
  return problems;
}

/** A text that is not empty. */
export const textAt = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** A JSON object; undefined for null, lists and everything else. */
export const objectAt = (value: unknown): JsonObject | undefined => (isJsonObject(value) ? value : undefined);

/** The items of a JSON list; none where the value is not a list. */
export const itemsOf = (value: unknown): JsonValue[] => (Array.isArray(value) ? (value as JsonValue[]) : []);

/** The service of an event source: `sts` of `sts.amazonaws.com`. */
export const serviceOf = (eventSource: string): string => eventSource.split('.', 1)[0] ?? eventSource;
