/** Kinds of actor, the answer to "who". */
export const ACTOR_TYPES = ['user', 'system', 'service', 'api_key', 'agent'] as const;
export type ActorType = (typeof ACTOR_TYPES)[number];

/** How the action ended. */
export const OUTCOMES = ['success', 'failure', 'denied', 'pending'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** How much the entry matters, in rising order. */
export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** How sensitive the data named by the entry is, in rising order. */
export const DATA_CLASSIFICATIONS = ['PUBLIC', 'INTERNAL', 'CONFIDENTIAL', 'PHI'] as const;
export type DataClassification = (typeof DATA_CLASSIFICATIONS)[number];
