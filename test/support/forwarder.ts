import {connect, createServer, type Socket} from 'node:net';

/** A port of its own for a server whose port changes when it is started again. */
export interface Forwarder {
  port: number;
  /** Where connections go from now on; undefined refuses them and cuts those that there are. */
  forwardTo(port: number | undefined): void;
  stop(): Promise<void>;
}

export async function startForwarder(first: number): Promise<Forwarder> {
  let target: number | undefined = first;
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    if (target === undefined) {
      socket.destroy();
      return;
    }
    const onward = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    forwardTo(port) {
      target = port;
      if (port === undefined) cut();
    },
    stop() {
      cut();
      return new Promise(done => server.close(() => done()));
    },
  };
}
