/** The change was not made, for its entry could not be stored. The cause says why. */
export class AuditRequiredError extends Error {
  override readonly name = 'AuditRequiredError';
  readonly code = 'AUDIT_REQUIRED';
  readonly statusCode = 503;

  constructor(options: ErrorOptions) {
    super('The change was not made, for its audit entry could not be stored.', options);
  }
}
