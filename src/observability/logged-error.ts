/** What is logged of an error. */
export interface LoggedError {
  type: string;
  code?: string;
  message?: string;
  stack?: string;
  /** Of a fault of PostgreSQL: where it arose. */
  table?: string;
  constraint?: string;
  routine?: string;
  cause?: LoggedError;
}

/** Causes of causes that are followed. */
const MAX_DEPTH = 5;

/**
 * An error as it may be logged. PostgreSQL quotes values and whole rows in the message and the detail of its
 * errors; of those only the code (appendix A of its manual) and the place are kept.
 */
export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return {type: typeof error};
  const {code, table, constraint, routine, severity} = error as Error & Record<string, unknown>;
  const ofPostgres = typeof severity === 'string' && typeof routine === 'string';
  return {
    type: error.name,
    ...(typeof code === 'string' && {code}),
    ...(ofPostgres
      ? {
          routine,
          ...(typeof table === 'string' && {table}),
          ...(typeof constraint === 'string' && {constraint}),
        }
      : {message: error.message, ...(error.stack && {stack: error.stack})}),
    ...(error.cause !== undefined && depth < MAX_DEPTH && {cause: loggedError(error.cause, depth + 1)}),
  };
}
