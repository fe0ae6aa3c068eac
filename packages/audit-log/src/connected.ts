import type {EventEmitter} from 'node:events';
import type {juggler} from '@loopback/repository';

/** Juggler's own default, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** A datasource as juggler has it, beyond its types. */
type Connecting = EventEmitter & {
  connecting?: boolean;
  settings?: {connectionTimeout?: number};
  connect(done: () => void): void;
};

/**
 * Waits until a datasource is connected, and connects it where nobody has. `connect()` alone never ends while the
 * connection that juggler makes at the start is under way.
 *
 * @throws the error of the connection, or an Error after the datasource's `connectionTimeout`
 */
export function connected(dataSource: juggler.DataSource): Promise<void> {
  if (dataSource.connected) return Promise.resolve();
  const source = dataSource as unknown as Connecting;
  const timeout = source.settings?.connectionTimeout || TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      clearTimeout(timer);
      source.off('connected', succeed);
      source.off('error', settle);
      error === undefined ? resolve() : reject(error);
    };
    const succeed = () => settle();
    const timer = setTimeout(
      () => settle(new Error(`Timeout in connecting ${dataSource.name} after ${timeout} ms`)),
      timeout,
    );
    source.on('connected', succeed);
    source.on('error', settle);
    if (!source.connecting) source.connect(() => {});
  });
}
