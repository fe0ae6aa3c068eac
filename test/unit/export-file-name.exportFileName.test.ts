import assert from 'node:assert/strict';
import {it} from 'node:test';
import {exportFileName} from '../../dist/export/export-file-name';

it('exportFileName names the time in UTC without characters a file system refuses', () => {
  assert.equal(
    exportFileName({extension: 'csv'}, new Date('2026-11-22T03:10:59.987Z')),
    'audit-logs-2026-11-22T03-10-59Z.csv',
  );
});
