import type {Finding, FindingKind} from '../integrity/findings';
import type {LogReport} from '../integrity/report';

const number = (value: number): string => value.toLocaleString('en');

/** Such as `altered: entry 0189…, field salt, leaf 17, trail.ndjson:18`. */
export function findingLine({kind, entry, field, leaves, place, detail}: Finding): string {
  const [first, last] = leaves ?? [];
  const parts = [
    ...(entry === undefined ? [] : [`entry ${entry}`]),
    ...(field === undefined ? [] : [`field ${field}`]),
    ...(first === undefined ? [] : [first === last ? `leaf ${first}` : `leaves ${first}–${last}`]),
    ...(place === undefined ? [] : [place]),
    ...(detail === undefined ? [] : [detail]),
  ];
  return `${kind}${parts.length === 0 ? '' : ': '}${parts.join(', ')}`;
}

/** A report as lines of text: what was found, and what it comes to. */
export function reportLines(report: LogReport): string[] {
  const {verdict, origin, size, entries, proved, found, findings} = report;
  const more = Object.entries(found).map(([kind, count]) => `${number(count)} ${kind as FindingKind}`);
  const log = origin === undefined ? 'no log' : `${origin} at ${number(size ?? 0)} leaves`;
  return [
    ...findings.map(findingLine),
    `${verdict}: ${log}, ${number(entries)} entries read, ${number(proved)} proved${more.length === 0 ? '' : `; ${more.join(', ')}`}`,
  ];
}
