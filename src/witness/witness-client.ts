import {setTimeout as sleep} from 'node:timers/promises';
import type {Logger} from 'pino';
import {openCheckpoint} from '../integrity/checkpoint';
import type {TransparencyLog} from '../repositories/transparency-log';
import {addCheckpoint, type WitnessAddress, type WitnessAnswer} from './add-checkpoint';

/** What came of asking a witness; `ahead` is that it has seen a larger tree. */
export type WitnessResult = 'cosigned' | 'ahead' | 'refused' | 'away';

/** A checkpoint that waits for a witness. */
interface Waiting {
  note: string;
  tries: number;
  /** Not before this time, in milliseconds since 1970. */
  due: number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Has the newest checkpoint of each tenant cosigned by one witness, apart from everything else: nobody waits for it. Of a
 * tenant only the newest note waits. What is not cosigned is tried again, later each time.
 */
export class WitnessClient {
  private readonly waiting = new Map<string, Waiting>();
  /** What the witness has cosigned last, by tenant, as far as is known. */
  private readonly sizes = new Map<string, number>();
  private readonly stopping = new AbortController();
  private wake = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly address: WitnessAddress,
    private readonly log: Pick<TransparencyLog, 'consistency' | 'cosign'>,
    private readonly logger: Logger,
    private readonly count: (result: WitnessResult) => void = () => {},
  ) {}

  /** Hands a note over; an older one of the tenant that still waits is passed over. */
  offer(tenantId: string, note: string): void {
    const before = this.waiting.get(tenantId);
    if (before?.note === note) return;
    this.waiting.set(tenantId, {note, tries: before?.tries ?? 0, due: before?.due ?? 0});
    this.loop ??= this.run();
    this.wake.abort();
  }

  /** Ends; a request under way is not waited for longer than its time limit. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const {next, pause} = this.next();
      if (next) await this.ask(...next);
      else await this.rest(pause);
    }
  }

  /** The first that is due, or how long until one is, in milliseconds. Those that were put off stand at the end. */
  private next(): {next?: [string, Waiting]; pause: number} {
    const now = Date.now();
    let pause = LONGEST_PAUSE_MS;
    for (const next of this.waiting) {
      const left = next[1].due - now;
      if (left <= 0) return {next, pause: 0};
      pause = Math.min(pause, left);
    }
    return {pause};
  }

  private async rest(pauseMs: number): Promise<void> {
    if (!this.wake.signal.aborted)
      await sleep(pauseMs, undefined, {signal: this.wake.signal}).catch(() => {});
    if (!this.stopping.signal.aborted) this.wake = new AbortController();
  }

  private async ask(tenantId: string, waiting: Waiting): Promise<void> {
    const {result, reason} = await this.result(tenantId, waiting.note);
    this.count(result);
    const isSame = this.waiting.get(tenantId)?.note === waiting.note;
    // Who has seen a larger tree than this needs no smaller one: the next checkpoint is for it.
    if (result === 'cosigned' || result === 'ahead') {
      if (isSame) this.waiting.delete(tenantId);
      if (result === 'ahead') this.tell(tenantId, result, reason);
      else this.renew(tenantId, {tries: 0, due: 0});
      return;
    }
    if (waiting.tries === 0) this.tell(tenantId, result, reason);
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** waiting.tries);
    this.renew(tenantId, {tries: waiting.tries + 1, due: Date.now() + pause});
  }

  private renew(tenantId: string, change: Pick<Waiting, 'tries' | 'due'>): void {
    const waiting = this.waiting.get(tenantId);
    if (!waiting) return;
    this.waiting.delete(tenantId);
    this.waiting.set(tenantId, {...waiting, ...change});
  }

  private tell(tenantId: string, result: WitnessResult, reason: string): void {
    const {url} = this.address;
    this.logger.warn({witness: url, tenantId, result, reason}, 'a witness has not cosigned a checkpoint');
  }

  private async result(tenantId: string, note: string): Promise<{result: WitnessResult; reason: string}> {
    const size = openCheckpoint(note, [])?.size ?? 0;
    try {
      let answer = await this.request(tenantId, note, size);
      // Told once where the witness stands, it is asked from there.
      if (answer.kind === 'elsewhere' && answer.size <= size)
        answer = await this.request(tenantId, note, size);
      switch (answer.kind) {
        case 'cosigned': {
          const lines = answer.cosignatures.map(({line}) => line);
          await this.log.cosign(tenantId, size, lines);
          return {result: 'cosigned', reason: ''};
        }
        case 'elsewhere': {
          const reason = `says that it has seen ${answer.size} entries, this checkpoint has ${size}`;
          return {result: answer.size > size ? 'ahead' : 'refused', reason};
        }
        case 'refused':
          return {result: 'refused', reason: answer.reason};
      }
    } catch (error) {
      return {result: 'away', reason: error instanceof Error ? error.message : 'unknown fault'};
    }
  }

  private async request(tenantId: string, note: string, size: number): Promise<WitnessAnswer> {
    const from = Math.min(this.sizes.get(tenantId) ?? 0, size);
    const {proof} = await this.log.consistency(tenantId, from, size);
    const answer = await addCheckpoint(this.address, note, from, proof);
    if (answer.kind === 'cosigned') this.sizes.set(tenantId, size);
    else if (answer.kind === 'elsewhere') this.sizes.set(tenantId, answer.size);
    return answer;
  }
}
