import {AuditError} from '../errors';
import {csvFormat} from './csv';
import type {ExportFormat, ExportFormatName} from './export-format';
import {jsonFormat} from './json';
import {ndjsonFormat} from './ndjson';
import {xlsxFormat} from './xlsx';

/** Every export format by its name. */
export const EXPORT_FORMATS: Readonly<Record<ExportFormatName, ExportFormat>> = {
  csv: csvFormat,
  ndjson: ndjsonFormat,
  json: jsonFormat,
  xlsx: xlsxFormat,
};

/**
 * The export format of a name, in any case.
 * @throws AuditError INVALID_FORMAT, with the names there are.
 */
export function exportFormat(name: string): ExportFormat {
  const wanted = name.toLowerCase();
  if (Object.hasOwn(EXPORT_FORMATS, wanted)) return EXPORT_FORMATS[wanted as ExportFormatName];
  const message = `The format must be one of ${Object.keys(EXPORT_FORMATS).join(', ')}.`;
  throw new AuditError('INVALID_FORMAT', message, [{field: 'format', code: 'INVALID_FORMAT', message}]);
}
