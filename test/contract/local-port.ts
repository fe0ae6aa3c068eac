import {connect, createServer, type Server, type Socket} from 'node:net';

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not a port');
  return address.port;
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** A port whose bytes go to a server and back, until every connection is cut. */
export async function forwardedPort(target: string) {
  const {hostname, port} = new URL(target);
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    const upstream = connect(Number(port), hostname);
    for (const end of [socket, upstream]) sockets.push(end.on('error', () => {}));
    socket.pipe(upstream).pipe(socket);
  });
  const forwarded = await listen(server);
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {port: forwarded, cut};
}

/** A port that takes connections and never answers. */
export async function silentPort() {
  const sockets: Socket[] = [];
  const server = createServer(socket => sockets.push(socket.on('error', () => {})));
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {port: await listen(server), close};
}
