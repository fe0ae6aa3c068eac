import {createServer, type Socket} from 'node:net';

/** A PostgreSQL that is too old, as far as a client gets to know it. */
export interface OldPostgres {
  port: number;
  stop(): Promise<void>;
}

const INT4 = 23;

/**
 * Speaks just enough of the protocol (PostgreSQL, "Frontend/Backend Protocol") to let anyone in and to
 * answer every query with its version.
 */
export async function startOldPostgres(versionNumber: number): Promise<OldPostgres> {
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', int32(0)), READY]));
      socket.on('data', chunk => answer(socket, chunk, versionNumber));
    });
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    stop: () => new Promise(done => server.close(() => done())),
  };
}

function answer(socket: Socket, chunk: Buffer, versionNumber: number): void {
  if (chunk.toString('latin1', 0, 1) !== 'Q') {
    socket.end();
    return;
  }
  const column = Buffer.concat([
    Buffer.from('number\0'),
    int32(0),
    int16(0),
    int32(INT4),
    int16(4),
    int32(-1),
    int16(0),
  ]);
  const value = Buffer.from(String(versionNumber));
  socket.write(
    Buffer.concat([
      message('T', int16(1), column),
      message('D', int16(1), int32(value.length), value),
      message('C', Buffer.from('SELECT 1\0')),
      READY,
    ]),
  );
}

const message = (type: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

const READY = message('Z', Buffer.from('I'));
