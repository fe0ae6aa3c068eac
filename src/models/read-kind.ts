/** Ways of reading the log that can be recorded in it: as `audit.log.view`, `audit.log.export`, `audit.log.prove`. */
export const READ_KINDS = ['view', 'export', 'prove'] as const;
export type ReadKind = (typeof READ_KINDS)[number];

/** What the names of actions begin with that tell of the log itself: of readings, and of erasures. */
export const LOG_ACTIONS = 'audit.log.';
