import {types} from 'pg';
import {timeFromPostgres} from '../models/time';

const JSONB = 3802;
const BIGINT = types.builtins.INT8;
const BYTEA = types.builtins.BYTEA;
const TIMESTAMPTZ = types.builtins.TIMESTAMPTZ;

/** How values of an entry come back: times keep their microseconds, hashes are hexadecimal text. */
export const ENTRY_TYPES = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    switch (oid) {
      case TIMESTAMPTZ:
        return timeFromPostgres;
      case BIGINT:
        return Number;
      case BYTEA:
        return (text: string) => text.slice(2);
      case JSONB:
        return JSON.parse;
      default:
        return types.getTypeParser(oid, format ?? 'text');
    }
  },
};
