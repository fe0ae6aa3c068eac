/** Every way the service says no, with the HTTP status it answers. The list is closed. */
export const ERROR_STATUS = {
  // The request is malformed; the caller changes it and tries again.
  INVALID_BODY: 400,
  INVALID_JSON: 400,
  INVALID_ENTRY: 400,
  INVALID_BATCH: 400,
  INVALID_FILTER: 400,
  INVALID_PARAMETER: 400,
  INVALID_CURSOR: 400,
  INVALID_ID: 400,
  INVALID_FORMAT: 400,
  INVALID_FILE: 400,
  INVALID_RULE: 400,
  // The caller is not known, or may not.
  UNAUTHENTICATED: 401,
  INVALID_TOKEN: 401,
  TOKEN_EXPIRED: 401,
  FORBIDDEN: 403,
  TENANT_MISMATCH: 403,
  // What was asked for is not there, or is there in another form.
  ROUTE_NOT_FOUND: 404,
  ENTRY_NOT_FOUND: 404,
  JOB_NOT_FOUND: 404,
  OBJECT_NOT_FOUND: 404,
  TILE_NOT_FOUND: 404,
  LOG_UNSIGNED: 404,
  NOTHING_SELECTED: 404,
  ALERT_NOT_FOUND: 404,
  RULE_NOT_FOUND: 404,
  ID_CONFLICT: 409,
  NOT_SEALED: 409,
  NO_STATES: 409,
  JOB_NOT_ENDED: 409,
  OBJECT_EXISTS: 409,
  RESULT_NOT_READY: 409,
  ARCHIVE_CONFLICT: 409,
  ALERT_CLOSED: 409,
  TOO_MANY_RULES: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  // The service could not; the caller waits and tries again.
  INTERNAL: 500,
  ARCHIVE_MISMATCH: 500,
  TREE_DAMAGED: 500,
  JOB_ABANDONED: 500,
  STORE_FAILED: 502,
  DATABASE_UNAVAILABLE: 503,
  IDENTITY_UNAVAILABLE: 503,
  QUERY_TIMEOUT: 503,
  TOO_MANY_EXPORTS: 503,
  TOO_MANY_STREAMS: 503,
  OVERLOADED: 503,
  SERVICE_UNREACHABLE: 503,
  // The operator must act: before a tree is signed again, the archive can be used, or the service can start.
  HISTORY_REWRITTEN: 500,
  STORE_REFUSED: 502,
  INVALID_SETTING: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** One thing that is wrong: the field at fault, a code of its own and a sentence. */
export interface ErrorDetail {
  field: string;
  code: string;
  message: string;
  /** Line or position (from 1) of the entry in a batch or file. */
  line?: number;
}

/**
 * The one error type of the service. LoopBack writes it as
 * `{error: {statusCode, name, code, message, details}}`.
 */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly statusCode: number;

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetail[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.statusCode = ERROR_STATUS[code];
  }
}
