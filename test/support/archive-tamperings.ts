import {at, row, TARGET, type Tampering} from './tampering';

/** Takes an entry away and keeps its hash, as if it had been archived. */
const hide = `WITH gone AS (DELETE FROM audit_logs WHERE ${row(TARGET)} RETURNING *)
  INSERT INTO archived_entries (tenant_id, id, recorded_at, leaf_index, leaf_hash)
  SELECT tenant_id, id, recorded_at, leaf_index, leaf_hash FROM gone`;

const archive = (entries: number, first: number, last: number, state = 'done') => `
  INSERT INTO mapping_logs (tenant_id, id, file_name, filter_used, format, entries, first_acted_at, last_acted_at,
    first_leaf, last_leaf, bytes, sha256, state, requested_by)
  VALUES ('acme', gen_random_uuid(), gen_random_uuid(), '{}', 'csv', ${entries}, now(), now(), ${first}, ${last}, 1, 'x', '${state}', 'x')`;

/** Ways to hide an entry behind the hash that is kept of archived ones. */
export const ARCHIVE_TAMPERINGS: Tampering[] = [
  {name: 'a hash in place of an entry', sql: [hide], acme: [{kind: 'missing', ...at(TARGET)}]},
  {
    name: 'a hash in place of an entry, beside the archive of others',
    sql: [hide, archive(9, TARGET + 1, TARGET + 9), archive(9, TARGET, TARGET, 'recorded')],
    acme: [{kind: 'missing', ...at(TARGET)}],
  },
  {
    name: 'more hashes than the recorded archive has entries',
    sql: [hide, hide.replaceAll(String(TARGET), String(TARGET + 1)), archive(1, TARGET, TARGET + 9)],
    acme: [
      {kind: 'content not shown', ...at(TARGET)},
      {kind: 'missing', ...at(TARGET + 1)},
    ],
  },
  {
    name: 'a hash in place of an entry, and the record of an archive',
    sql: [hide, archive(1, TARGET, TARGET)],
    acme: [{kind: 'content not shown', ...at(TARGET)}],
  },
];
