import pino, {type DestinationStream, type Logger} from 'pino';
import {loggedError} from './logged-error';

/** The log of the service: JSON lines on standard output. */
export function serviceLogger(level = 'info', destination: DestinationStream = pino.destination(1)): Logger {
  return pino({name: 'audit-service', level, serializers: {err: error => loggedError(error)}}, destination);
}
