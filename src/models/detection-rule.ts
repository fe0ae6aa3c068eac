import type {Severity} from '@loopback-audit/audit-log';
import type {Condition, PropertyPath} from './condition';

/** How much an alert matters, in Sigma's words. */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof LEVELS)[number];

/** The severity of the entry that tells of an alert. */
export const severityOf = (level: Level): Severity => (level === 'informational' ? 'info' : level);

/** What can be derived of a property: the network of an address, the hour (UTC) of a time. */
export type Derivation = 'network' | 'hour';

/** What a rule groups or counts by. */
export interface RuleField extends PropertyPath {
  /** As the rule writes it, such as `actor` or `network(ip)`. */
  name: string;
  derivation?: Derivation;
}

/** What an entry must be, or what must come together, for a rule to apply. Places lead into the lists of its rule. */
export type Signal =
  /** One entry under a condition. */
  | {kind: 'match'; matcher: number}
  /** So many of them in a time. */
  | {kind: 'eventCount'; of: readonly Signal[]; atLeast: number; spanMs: number}
  /** Of them so many different values in a time. */
  | {kind: 'valueCount'; of: readonly Signal[]; value: number; atLeast: number; spanMs: number}
  /** All of them in a time, in any order or in this one. */
  | {kind: 'temporal'; of: readonly Signal[]; ordered: boolean; spanMs: number};

/** What was never seen before: a value that is new for a group that is known. */
export interface Novelty {
  field: RuleField;
  /** What is older than this is forgotten. */
  spanMs: number;
  /** How long a group must have been known, and by how many entries, before anything can be new for it. */
  learningMs: number;
  learningEntries: number;
  /** Hours that are no further from a known one are known. */
  tolerance: number;
}

/** A rule of detection, read and checked. */
export interface DetectionRule {
  id: string;
  title: string;
  level: Level;
  status: string;
  description?: string;
  tags: readonly string[];
  falsePositives: readonly string[];
  /** The conditions that its signal names. */
  matchers: readonly Condition[];
  /** The fields whose values its signal counts. */
  values: readonly RuleField[];
  groupBy: readonly RuleField[];
  watch: {kind: 'signal'; signal: Signal} | {kind: 'novelty'; novelty: Novelty};
}

/** Whether an alert is open, and what somebody has found of it. */
export const ALERT_STATUSES = ['open', 'acknowledged', 'resolved', 'dismissed'] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

/** Which alerts. */
export interface AlertFilter {
  status?: readonly string[];
  level?: readonly string[];
  rule?: string;
  /** Alerts of this actor. */
  actor?: string;
  /** Alerts that have this value in whatever their rule groups by, such as an address. */
  group?: string;
  /** Alerts whose window ends at this moment or later, or begins at it or earlier. */
  from?: string;
  to?: string;
}

/** Ids of evidence that an alert keeps; their number is told in full. */
export const MAX_EVIDENCE = 100;

/** What a rule has found. */
export interface Finding {
  /** Values of what the rule groups by, in its order; of a novelty the new value last. */
  group: readonly string[];
  /** Tells findings of one rule and group apart: the start of an hour, or of a longer time where the rule looks at one. */
  episode: number;
  /** Times of the first and the last entry of the evidence. */
  from: string;
  to: string;
  /** Entries of the evidence. */
  entries: number;
  /** Ids of the first of them. */
  evidence: readonly string[];
}

/** What the names of actions begin with that tell of alerts. No rule looks at them. */
export const ALERT_ACTIONS = 'audit.alert.';

/** What the names of actions begin with that tell of changes of rules. */
export const RULE_ACTIONS = 'audit.rule.';
