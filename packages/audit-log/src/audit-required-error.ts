const MESSAGES = {
  undone: 'The change was not made, for its audit entry could not be stored.',
  stands: 'The audit entry could not be stored. The change stands, for its datasource has no transactions.',
} as const;

/** An audit entry that was required could not be stored. The cause says why. */
export class AuditRequiredError extends Error {
  override readonly name = 'AuditRequiredError';
  readonly code = 'AUDIT_REQUIRED';
  readonly statusCode = 503;

  /** @param change what became of the change that the entry tells of */
  constructor(
    readonly change: keyof typeof MESSAGES,
    options: ErrorOptions,
  ) {
    super(MESSAGES[change], options);
  }
}
