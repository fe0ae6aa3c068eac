import {AuditError} from '../errors';
import type {ImportKind} from './import-source';

/**
 * What a file holds, by its name (a trailing `.gz` left aside) and its first bytes, unzipped.
 * @throws AuditError INVALID_FILE where neither tells.
 */
export function detectKind(file: string, head: Uint8Array): ImportKind {
  const name = file.toLowerCase().replace(/\.gz$/, '');
  const text = Buffer.from(head)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (text.startsWith('[')) return 'json';
  if (/^\{\s*"Records"\s*:/.test(text) || (name.endsWith('.json') && /"Records"\s*:\s*\[/.test(text))) {
    return 'cloudtrail';
  }
  if (text.startsWith('{') || name.endsWith('.ndjson') || name.endsWith('.jsonl')) return 'ndjson';
  const header = (text.split(/[\r\n]/, 1)[0] ?? '').split(',').map(cell => cell.replace(/^"|"$/g, ''));
  if (header.includes('action')) return isSourceLoop(header) ? 'sourceloop-csv' : 'csv';
  if (name.endsWith('.csv')) return 'csv';
  const message = `Cannot tell what ${file} holds; say it with the kind.`;
  throw new AuditError('INVALID_FILE', message, [{field: 'kind', code: 'UNKNOWN', message}]);
}

/** SourceLoop's model requires actionKey and knows no outcome; ours always writes one. */
const isSourceLoop = (header: readonly string[]) =>
  header.includes('actionKey') && !header.includes('outcome') && !header.includes('recordedAt');
