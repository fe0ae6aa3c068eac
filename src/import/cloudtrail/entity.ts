import type {EntityReference, JsonObject, NewAuditEntry} from '@loopback-audit/audit-log';
import {type CloudTrailRecord, itemsOf, objectAt, textAt} from './record';

/** Request parameters that name what a call is about, the most telling first, and what they name. */
const NAMED_BY: Readonly<Record<string, string>> = {
  bucketName: 'Bucket',
  userName: 'User',
  roleName: 'Role',
  groupName: 'Group',
  instanceProfileName: 'InstanceProfile',
  roleArn: 'Role',
  policyArn: 'Policy',
  functionName: 'Function',
  instanceId: 'Instance',
  secretId: 'Secret',
  keyId: 'Key',
  targetKeyId: 'Key',
  trailName: 'Trail',
  snapshotId: 'Snapshot',
  imageId: 'Image',
  volumeId: 'Volume',
  networkInterfaceId: 'NetworkInterface',
  natGatewayId: 'NatGateway',
  internetGatewayId: 'InternetGateway',
  routeTableId: 'RouteTable',
  groupId: 'SecurityGroup',
  subnetId: 'Subnet',
  vpcId: 'Vpc',
  tableName: 'Table',
  dBInstanceIdentifier: 'DbInstance',
  stackName: 'Stack',
  clusterName: 'Cluster',
  topicArn: 'Topic',
  queueUrl: 'Queue',
  logGroupName: 'LogGroup',
  policyName: 'Policy',
  resourceId: 'Resource',
  name: 'Name',
};

const MAX_RELATED = 20;

/**
 * What a CloudTrail record is about: the entity is the first well-known request parameter (what users
 * search by: a bucket's name, a user's name), else the instances of `instancesSet`, else the first of
 * `resources` by its ARN. The others, twenty at most, are related entities.
 */
export function cloudTrailEntity(
  record: CloudTrailRecord,
): Pick<NewAuditEntry, 'entityId' | 'relatedEntities'> {
  const parameters = objectAt(record.requestParameters) ?? {};
  const found = [...namedEntities(parameters), ...instances(parameters), ...resources(record)];
  const [main, ...others] = found.filter(
    ({id}, index) => found.findIndex(other => other.id === id) === index,
  );
  return {
    ...(main !== undefined && {entityId: main.id}),
    ...(others.length > 0 && {relatedEntities: others.slice(0, MAX_RELATED)}),
  };
}

const namedEntities = (parameters: JsonObject): EntityReference[] =>
  Object.entries(NAMED_BY).flatMap(([parameter, type]) => reference(type, parameters[parameter]));

const instances = (parameters: JsonObject): EntityReference[] =>
  itemsOf(objectAt(parameters.instancesSet)?.items).flatMap(item =>
    reference('Instance', objectAt(item)?.instanceId),
  );

const resources = (record: CloudTrailRecord): EntityReference[] =>
  itemsOf(record.resources).flatMap(item => {
    const resource = objectAt(item) ?? {};
    return reference(textAt(resource.type) ?? 'Resource', resource.ARN ?? resource.arn);
  });

function reference(type: string, value: unknown): EntityReference[] {
  const id = textAt(value);
  return id === undefined ? [] : [{type, id}];
}
