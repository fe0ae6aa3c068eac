import type {AuditEntry} from '@loopback-audit/audit-log';

/** Units of time that a summary's histogram can have. */
export const BUCKETS = ['hour', 'day', 'week', 'month'] as const;
export type Bucket = (typeof BUCKETS)[number];

/** What a summary counts entries by. */
export const DIMENSIONS = [
  'action',
  'actedOn',
  'outcome',
  'severity',
  'category',
  'serviceName',
  'actor',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** How a summary is cut. */
export interface SummaryShape {
  bucket: Bucket;
  /** Where days, weeks and months begin: a name of the IANA time zone database. */
  timeZone: string;
  /** Values that each dimension answers at most. */
  top: number;
}

/** A value of a dimension, absent where it is null, and how many entries have it. */
export interface Tally {
  value: string | null;
  entries: number;
  failures: number;
}

/** The most frequent values of a dimension, and what the others come to. */
export interface Breakdown {
  values: Tally[];
  /** Different values beyond those, and their entries. */
  others: {values: number; entries: number};
}

export interface HistogramBar {
  /** The first moment of the bucket, RFC 3339. */
  at: string;
  entries: number;
  failures: number;
}

/** Numbers of the stored entries under a condition. A failure is an entry whose outcome is not success. */
export interface Summary {
  entries: number;
  failures: number;
  /** When the first and the last of them happened. */
  first: string | null;
  last: string | null;
  by: Record<Dimension, Breakdown>;
  histogram: HistogramBar[];
  /** The newest failures. */
  recentFailures: AuditEntry[];
}
