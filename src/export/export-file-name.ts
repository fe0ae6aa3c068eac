import type {ExportFormat} from './export-format';

/** Such as `audit-logs-2026-11-22T03-10-59Z.csv`: the time in UTC, safe in every file system. */
export function exportFileName(format: Pick<ExportFormat, 'extension'>, now: Date): string {
  const time = now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  return `audit-logs-${time}.${format.extension}`;
}
