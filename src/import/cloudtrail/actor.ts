import type {ActorType, NewAuditEntry} from '@loopback-audit/audit-log';
import {type CloudTrailRecord, objectAt, textAt} from './record';

/**
 * Who a CloudTrail record names (user guide, "CloudTrail userIdentity element").
 *
 * The actor is the most stable name there is; in jq
 * `.userIdentity | .arn // .principalId // .invokedBy // .userName // .accountId // "unknown"`.
 * A session of a role acts for that role. The id of an access key is never the actor; it stays where
 * it was, in the original record inside `metadata.cloudtrail`.
 */
export function cloudTrailActor(
  record: CloudTrailRecord,
): Pick<NewAuditEntry, 'actor' | 'actorType' | 'actorName' | 'onBehalfOf'> {
  const identity = objectAt(record.userIdentity) ?? {};
  const issuer = objectAt(objectAt(identity.sessionContext)?.sessionIssuer) ?? {};
  const actor =
    textAt(identity.arn) ??
    textAt(identity.principalId) ??
    textAt(identity.invokedBy) ??
    textAt(identity.userName) ??
    textAt(identity.accountId) ??
    'unknown';
  const actorName = textAt(identity.userName) ?? textAt(issuer.userName);
  const onBehalfOf = identity.type === 'AssumedRole' ? textAt(issuer.arn) : undefined;
  return {
    actor,
    actorType: actorType(textAt(identity.type), actor === identity.invokedBy),
    ...(actorName !== undefined && {actorName}),
    ...(onBehalfOf !== undefined && onBehalfOf !== actor && {onBehalfOf}),
  };
}

/** An AWS service is a service, by its type or because nobody else is named; all others are users. */
const actorType = (type: string | undefined, isInvoker: boolean): ActorType =>
  type === 'AWSService' || (type === undefined && isInvoker) ? 'service' : 'user';
