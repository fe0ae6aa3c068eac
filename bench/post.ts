import {Agent, request} from 'node:http';

/** Sends bodies by POST over so many connections that stay open. */
export class Poster {
  private readonly agent: Agent;

  constructor(
    private readonly token: string,
    private readonly contentType: string,
    clients: number,
  ) {
    this.agent = new Agent({keepAlive: true, maxSockets: clients, scheduling: 'fifo'});
  }

  async post(url: string, body: Buffer): Promise<void> {
    const headers = {
      authorization: `Bearer ${this.token}`,
      'content-type': this.contentType,
      'content-length': body.length,
    };
    await new Promise<void>((done, fail) => {
      request(url, {method: 'POST', agent: this.agent, headers}, response => {
        if (response.statusCode !== 200) fail(new Error(`${url} answered ${response.statusCode}`));
        response.resume().once('end', done);
      })
        .once('error', fail)
        .end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** How often a second `once` is done, by so many at a time. */
export async function rateOf(
  clients: number,
  ms: number,
  once: (n: number) => Promise<void>,
): Promise<number> {
  const begun = performance.now();
  let count = 0;
  await Promise.all(
    Array.from({length: clients}, async () => {
      while (performance.now() - begun < ms) await once(count++);
    }),
  );
  return (count / (performance.now() - begun)) * 1_000;
}
