/** A request that the audit service has refused or not answered. */
export class AuditServiceError extends Error {
  override readonly name = 'AuditServiceError';
  /** Of the answer; absent where there was none. */
  readonly statusCode?: number;
  /** The service's own code, such as INVALID_BATCH. */
  readonly code?: string;
  /** How long the service wants to be left alone, in milliseconds: its `Retry-After` (RFC 9110, 10.2.3). */
  readonly retryAfterMs?: number;

  constructor(
    message: string,
    answer: {statusCode?: number; code?: string; retryAfterMs?: number} = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    Object.assign(this, answer);
  }
}

/** What the service says of an error, as LoopBack writes it. */
interface Said {
  code?: unknown;
  message?: unknown;
  details?: unknown;
}

/** The error that an answer tells of. A body that is none of the service's, such as a proxy's, is not quoted. */
export function errorOfAnswer(status: number, retryAfter: string | null, body: string): AuditServiceError {
  const said = errorOf(body);
  const message = typeof said.message === 'string' ? said.message : 'It says nothing that can be read.';
  const retryAfterMs = millisecondsOf(retryAfter);
  return new AuditServiceError(
    [`The audit service answers ${status}.`, message, ...faultsOf(said.details)].join(' '),
    {
      statusCode: status,
      ...(typeof said.code === 'string' && {code: said.code}),
      ...(retryAfterMs !== undefined && {retryAfterMs}),
    },
  );
}

function errorOf(body: string): Said {
  try {
    return (JSON.parse(body) as {error?: Said} | null)?.error ?? {};
  } catch {
    return {};
  }
}

/** Faults that are told; there may be a hundred. */
const TOLD_FAULTS = 3;

function faultsOf(details: unknown): string[] {
  if (!Array.isArray(details)) return [];
  return details
    .slice(0, TOLD_FAULTS)
    .filter(
      (fault): fault is {field: unknown; message: unknown} => typeof fault === 'object' && fault !== null,
    )
    .map(({field, message}) => `${field} ${message}.`);
}

/** Seconds or a date of HTTP, as milliseconds from now. */
function millisecondsOf(retryAfter: string | null): number | undefined {
  if (!retryAfter) return undefined;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
