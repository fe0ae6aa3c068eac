import {setTimeout} from 'node:timers/promises';

/** Asks until there is an answer. It gives up after a time that is far more than the machine can need. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await setTimeout(50)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`This did not happen: ${what}`);
}
