import {AuditError} from '../errors';

/** How much waits or is stored together: how many entries, and their length in UTF-16 code units. */
export interface Amount {
  entries: number;
  length: number;
}

export interface WriteLimits {
  /** What shares a transaction at most, but for a single larger batch. */
  group: Amount;
  /** What may wait in this process, of all tenants together. */
  waiting: Amount;
  /** How long anything may wait for its transaction to begin, in milliseconds. */
  waitMs: number;
  /** Transactions under way at once. */
  transactions: number;
}

/**
 * Transactions of one tenant under way at once. A second one begins where enough entries wait to be worth it, and waits
 * in the database itself for the first to release the tree: while the one is stored, the next is made ready.
 */
const OF_ONE_TENANT = {transactions: 2, entries: 32};

export const DEFAULT_WRITE_LIMITS: WriteLimits = {
  group: {entries: 256, length: 2 << 20},
  waiting: {entries: 100_000, length: 64 << 20},
  waitMs: 10_000,
  transactions: 4,
};

/** What is stored whole or not at all. */
export interface Write<Item> extends Amount {
  item: Item;
  /** Shares its transaction with nothing. */
  isAlone?: boolean;
}

/** Stores writes of one tenant in one transaction, and answers what became of each. */
export type StoreGroup<Item, Stored> = (
  tenantId: string,
  items: readonly Item[],
) => Promise<readonly (Stored | AuditError)[]>;

interface Waiting<Item, Stored> extends Write<Item> {
  since: number;
  stored(outcome: Stored): void;
  refused(error: unknown): void;
}

/** The writes of one tenant. */
interface Tenant<Item, Stored> {
  waiting: Waiting<Item, Stored>[];
  /** Entries of what waits. */
  entries: number;
  /** Transactions under way. */
  turns: number;
}

/**
 * Lets writes that come while a transaction of their tenant is under way share the next one. Nobody waits for company:
 * the first is stored at once, and whoever comes meanwhile is stored together. Tenants go side by side, in the order in
 * which they came.
 */
export class WriteQueue<Item, Stored> {
  private readonly tenants = new Map<string, Tenant<Item, Stored>>();
  /** Tenants for which a transaction may begin, in their order. */
  private readonly ready = new Set<string>();
  private readonly running = new Set<Promise<void>>();
  private readonly waiting: Amount = {entries: 0, length: 0};
  private watch: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: StoreGroup<Item, Stored>,
    private readonly limits: WriteLimits = DEFAULT_WRITE_LIMITS,
  ) {}

  /**
   * Stores one write; when it returns it is durable. One that cannot be stored fails alone.
   *
   * @throws AuditError OVERLOADED where too much waits already, or it has waited too long, or what storing it throws
   */
  async append(tenantId: string, write: Write<Item>): Promise<Stored> {
    const {waiting, limits} = this;
    if (waiting.entries >= limits.waiting.entries || waiting.length >= limits.waiting.length) {
      throw overloaded('comes while too many entries wait');
    }
    waiting.entries += write.entries;
    waiting.length += write.length;
    return new Promise((stored, refused) => {
      const tenant = this.tenants.get(tenantId) ?? {waiting: [], entries: 0, turns: 0};
      this.tenants.set(tenantId, tenant);
      tenant.waiting.push({...write, since: performance.now(), stored, refused});
      tenant.entries += write.entries;
      this.goOn(tenantId, tenant);
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  async drained(): Promise<void> {
    while (this.running.size > 0) await Promise.race(this.running);
  }

  /** Begins what may begin, after something of one tenant has changed. */
  private goOn(changed: string, tenant: Tenant<Item, Stored>): void {
    if (this.mayBegin(tenant)) this.ready.add(changed);
    for (const tenantId of this.ready) {
      if (this.running.size >= this.limits.transactions) break;
      this.ready.delete(tenantId);
      const next = this.tenants.get(tenantId);
      if (!next || next.waiting.length === 0) continue;
      this.begin(tenantId, next);
      if (this.mayBegin(next)) this.ready.add(tenantId);
    }
    if (this.running.size > 0) this.watch ??= this.watchWaiting();
    else this.unwatch();
  }

  private mayBegin({waiting, entries, turns}: Tenant<Item, Stored>): boolean {
    if (waiting.length === 0) return false;
    return turns === 0 || (turns < OF_ONE_TENANT.transactions && entries >= OF_ONE_TENANT.entries);
  }

  private begin(tenantId: string, tenant: Tenant<Item, Stored>): void {
    const group = tenant.waiting.splice(0, this.groupLength(tenant.waiting));
    tenant.turns += 1;
    tenant.entries -= entriesOf(group);
    const turn: Promise<void> = this.storeAll(tenantId, group).finally(() => {
      this.leave(group);
      this.running.delete(turn);
      tenant.turns -= 1;
      this.forget(tenantId, tenant);
      this.goOn(tenantId, tenant);
    });
    this.running.add(turn);
  }

  /** How many of those who wait fit into one transaction; one always does. */
  private groupLength(queue: readonly Write<Item>[]): number {
    const most = this.limits.group;
    const total = {entries: 0, length: 0};
    const end = queue.findIndex((each, i) => {
      total.entries += each.entries;
      total.length += each.length;
      const isFull = total.entries > most.entries || total.length > most.length;
      return i > 0 && (isFull || each.isAlone || queue[0]?.isAlone);
    });
    return end === -1 ? queue.length : end;
  }

  private async storeAll(tenantId: string, group: readonly Waiting<Item, Stored>[]): Promise<void> {
    try {
      const outcomes = await this.store(
        tenantId,
        group.map(({item}) => item),
      );
      for (const [i, {stored, refused}] of group.entries()) {
        const outcome = outcomes[i] as Stored | AuditError;
        if (outcome instanceof AuditError) refused(outcome);
        else stored(outcome);
      }
    } catch (error) {
      // That the database is away is everybody's fault; any other may be that of one write among them.
      const isShared = error instanceof AuditError && error.statusCode === 503;
      if (isShared || group.length <= 1) for (const {refused} of group) refused(error);
      else for (const half of halves(group)) await this.storeAll(tenantId, half);
    }
  }

  private leave(group: readonly Amount[]): void {
    for (const {entries, length} of group) {
      this.waiting.entries -= entries;
      this.waiting.length -= length;
    }
  }

  private forget(tenantId: string, {turns, waiting}: Tenant<Item, Stored>): void {
    if (turns === 0 && waiting.length === 0) this.tenants.delete(tenantId);
  }

  /** A transaction that hangs must not make those hang who wait behind it. */
  private watchWaiting(): NodeJS.Timeout {
    return setInterval(() => {
      const longest = performance.now() - this.limits.waitMs;
      for (const [tenantId, tenant] of this.tenants) {
        const end = tenant.waiting.findIndex(({since}) => since > longest);
        const late = tenant.waiting.splice(0, end === -1 ? tenant.waiting.length : end);
        tenant.entries -= entriesOf(late);
        this.leave(late);
        this.forget(tenantId, tenant);
        for (const {refused} of late) refused(overloaded('has waited too long'));
      }
    }, this.limits.waitMs / 10).unref();
  }

  private unwatch(): void {
    clearInterval(this.watch);
    this.watch = undefined;
  }
}

const entriesOf = (group: readonly Amount[]): number =>
  group.reduce((total, {entries}) => total + entries, 0);

const halves = <T>(list: readonly T[]): T[][] => {
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)];
};

const overloaded = (message: string) =>
  new AuditError('OVERLOADED', 'Too many entries wait to be stored: try again.', [
    {field: 'body', code: 'OVERLOADED', message},
  ]);
