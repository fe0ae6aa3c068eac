import type {BadRecord, ImportTotals} from '../import/import-files';
import type {ImportLocation} from '../import/import-source';

/** Such as `trail.ndjson:17: actor: must be text`. */
export function badRecordLine({location, problem}: BadRecord): string {
  const reasons = problem.map(({field, message}) => (field === '' ? message : `${field}: ${message}`));
  return `${place(location)}: ${reasons.join(' ')}`;
}

const place = ({file, line, record}: ImportLocation): string =>
  line !== undefined ? `${file}:${line}` : record !== undefined ? `${file}: record ${record}` : file;

/** Such as `2,093 records read: 2,000 stored, 93 already there, 0 bad.` */
export function importSummary({read, stored, alreadyThere, badCount}: ImportTotals): string {
  const [all, fresh, known, bad] = [read, stored, alreadyThere, badCount].map(count =>
    count.toLocaleString('en'),
  );
  return `${all} records read: ${fresh} stored, ${known} already there, ${bad} bad.`;
}
