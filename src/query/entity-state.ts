import {isDeepStrictEqual} from 'node:util';
import type {AuditEntry} from '@loopback-audit/audit-log';

type Fields = Record<string, unknown>;

/** Something that happened to an entity and that its entries do not tell. */
export interface Gap {
  /** The last entry before the gap, and the first after it; null where there is none. */
  after: string | null;
  before: string | null;
  /** The property at which it shows; left out where the entity itself is concerned. */
  field?: string;
  reason: 'changed' | 'appeared' | 'disappeared' | 'created-twice' | 'changed-after-deletion' | 'erased';
}

/** An entity as its entries tell that it was at a moment. */
export interface EntityState {
  /** Null where no entry tells. */
  exists: boolean | null;
  /** What is known of it; null where it does not exist, or nothing is known. */
  state: Fields | null;
  /** Whether all of its properties are known: the entries go back to its creation, or one tells of all of them. */
  complete: boolean;
  /** The entry that told last, null where none does. */
  lastEntry: string | null;
  /** Entries that were read to find out. */
  entries: number;
  gaps: Gap[];
}

/** Actions of the mixin, and the verbs of those who name their own, that begin and end an entity. */
const CREATION = /^INSERT_|^CREATE(?:_|$)|(?:^|\.)(?:create|created|insert|inserted)$/;
const DELETION = /^DELETE(?:_|$)|(?:^|\.)(?:delete|deleted|destroy|destroyed)$/;

/** What was not done has changed nothing, whatever an entry says that it would have led to. */
const wasDone = ({outcome}: AuditEntry): boolean => outcome === undefined || outcome === 'success';

/** Gaps that are told of at most. */
const MOST_GAPS = 100;

/**
 * Rebuilds an entity from what its entries say of before and after.
 *
 * An entry whose outcome is not success changes nothing. A state of an entry is whole where `before` has more than what has changed; then what it lacks the entity lacked. Else it is
 * a part, and what it lacks is left as it was. Where an entry's `before` is not what the entries before it have led to,
 * something happened that no entry tells of: that is a gap, and the entry is believed.
 *
 * @param entries those of the entity up to the moment, oldest first
 * @param fromTheBeginning whether there are none before these
 */
export function entityState(entries: readonly AuditEntry[], fromTheBeginning: boolean): EntityState {
  const rebuilding = new Rebuilding(fromTheBeginning);
  for (const entry of entries) rebuilding.follow(entry);
  return rebuilding.result(entries.length);
}

class Rebuilding {
  private known = new Map<string, unknown>();
  private absent = new Set<string>();
  private complete = false;
  private exists: boolean | null = null;
  private last: string | null = null;
  private readonly gaps: Gap[] = [];

  constructor(private readonly fromTheBeginning: boolean) {}

  follow(entry: AuditEntry): void {
    const {before, after} = entry as {before?: Fields; after?: Fields};
    if (!wasDone(entry)) return;
    if (isErased(entry)) this.forget(entry);
    else if (before || after) {
      if (before) this.holdAgainst(entry, before);
      else if (this.exists && CREATION.test(entry.action)) this.gap(entry, 'created-twice');
      this.apply(entry, before, after);
    } else if (DELETION.test(entry.action)) this.apply(entry, undefined, undefined);
    else return;
    this.last = entry.id;
  }

  result(entries: number): EntityState {
    const {exists, complete, last: lastEntry, gaps} = this;
    const state = exists ? Object.fromEntries([...this.known].sort(([a], [b]) => (a < b ? -1 : 1))) : null;
    // Nothing is known to have happened to it, from the beginning on.
    const never = exists === null && this.fromTheBeginning && entries === 0 ? false : exists;
    return {
      exists: never,
      state,
      complete: exists === false || never === false || complete,
      lastEntry,
      entries,
      gaps,
    };
  }

  /** Compares what an entry says that was, with what the entries before it have led to. */
  private holdAgainst(entry: AuditEntry, before: Fields): void {
    if (this.exists === false) this.gap(entry, 'changed-after-deletion');
    if (this.exists !== true) return;
    for (const [field, value] of Object.entries(before)) {
      if (this.known.has(field)) {
        if (!isDeepStrictEqual(this.known.get(field), value)) this.gap(entry, 'changed', field);
      } else if (this.complete || this.absent.has(field)) this.gap(entry, 'appeared', field);
    }
    if (!isWhole(entry)) return;
    for (const field of this.known.keys()) {
      if (!Object.hasOwn(before, field)) this.gap(entry, 'disappeared', field);
    }
  }

  private apply(entry: AuditEntry, before: Fields | undefined, after: Fields | undefined): void {
    const isPart = after && !(before ? isWhole(entry) : CREATION.test(entry.action));
    if (!isPart || this.exists === false) {
      this.known = new Map();
      this.absent = new Set();
      this.complete = !isPart;
    }
    this.exists = after !== undefined;
    if (!isPart) {
      for (const [field, value] of Object.entries(after ?? {})) this.set(field, value);
      return;
    }
    for (const [field, value] of Object.entries(before ?? {})) this.set(field, value);
    for (const field of [...Object.keys(before ?? {}), ...(entry.changedFields ?? [])]) {
      if (!Object.hasOwn(after, field)) {
        this.known.delete(field);
        this.absent.add(field);
      }
    }
    for (const [field, value] of Object.entries(after)) this.set(field, value);
  }

  private set(field: string, value: unknown): void {
    this.known.set(field, value);
    this.absent.delete(field);
  }

  /** The states of an erased entry are gone: of what it says has changed, nothing is known any more. */
  private forget(entry: AuditEntry): void {
    const fields = entry.changedFields ?? [];
    if (fields.length === 0) this.gap(entry, 'erased');
    for (const field of fields) {
      this.gap(entry, 'erased', field);
      this.known.delete(field);
      this.absent.delete(field);
    }
    this.complete = false;
  }

  private gap(entry: AuditEntry, reason: Gap['reason'], field?: string): void {
    if (this.gaps.length >= MOST_GAPS) return;
    this.gaps.push({after: this.last, before: entry.id, ...(field !== undefined && {field}), reason});
  }
}

/**
 * Whether the states of an entry tell of every property: the one before has more than what has changed, or is what the mixin
 * recorded of an entity that it deleted. What creates an entity tells of all of it as well.
 */
function isWhole({action, before, after, changedFields}: AuditEntry): boolean {
  if (!before) return false;
  if (!after) return action.startsWith('DELETE');
  return changedFields !== undefined && Object.keys(before).some(field => !changedFields.includes(field));
}

/** Whether the values of an entry were erased and it had states among them, as far as can be told. */
const isErased = ({commitments, changedFields}: AuditEntry): boolean =>
  commitments !== undefined &&
  ('before' in commitments || 'after' in commitments || (changedFields?.length ?? 0) > 0);
