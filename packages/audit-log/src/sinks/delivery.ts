/**
 * How surely an entry follows its change.
 *
 * - `transactional`: into the outbox beside the entity, in the same transaction; both are committed or neither.
 * - `required`: stored before the change is committed; where that fails the change is rolled back.
 * - `durable`: in the local journal, on disk, before the call returns; delivered from there until it succeeds.
 * - `background`: sent when the change is committed, and not waited for; a failure is reported.
 */
export const DELIVERIES = ['transactional', 'required', 'durable', 'background'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** Whether the entries go out before the change is committed, and their failure undoes it. */
export const isBeforeCommit = (delivery: Delivery): boolean =>
  delivery === 'transactional' || delivery === 'required';
