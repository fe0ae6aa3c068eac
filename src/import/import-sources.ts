import {AuditError} from '../errors';
import {cloudTrailSource} from './cloudtrail/source';
import {csvSource} from './csv-source';
import type {ImportKind, ImportSource} from './import-source';
import {jsonSource} from './json-source';
import {ndjsonSource} from './ndjson-source';
import {sourceloopCsvSource} from './sourceloop-csv-source';

/** Every source by its kind. */
export const IMPORT_SOURCES: Readonly<Record<ImportKind, ImportSource>> = {
  ndjson: ndjsonSource,
  json: jsonSource,
  csv: csvSource,
  'sourceloop-csv': sourceloopCsvSource,
  cloudtrail: cloudTrailSource,
};

/**
 * The source of a kind.
 * @throws AuditError INVALID_FORMAT, with the kinds there are.
 */
export function importSource(kind: string): ImportSource {
  if (Object.hasOwn(IMPORT_SOURCES, kind)) return IMPORT_SOURCES[kind as ImportKind];
  const message = `The kind must be one of ${Object.keys(IMPORT_SOURCES).join(', ')}.`;
  throw new AuditError('INVALID_FORMAT', message, [{field: 'kind', code: 'INVALID_FORMAT', message}]);
}
