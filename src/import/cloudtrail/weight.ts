import {type NewAuditEntry, type Outcome, SEVERITIES, type Severity} from '@loopback-audit/audit-log';
import {type CloudTrailRecord, serviceOf} from './record';

const CATEGORIES: Readonly<Record<string, string>> = {
  signin: 'auth',
  sts: 'auth',
  sso: 'auth',
  'cognito-idp': 'auth',
  iam: 'access',
  organizations: 'access',
  cloudtrail: 'security',
  guardduty: 'security',
  inspector2: 'security',
  kms: 'security',
  secretsmanager: 'security',
  securityhub: 'security',
  dynamodb: 'data',
  rds: 'data',
  s3: 'data',
  cloudformation: 'config',
  config: 'config',
  ec2: 'config',
  lambda: 'config',
  ssm: 'config',
};

/** Calls that blind the watch, open what was closed, or hand out secrets: by `service:EventName`. */
const WEIGHTS: Readonly<Record<string, Severity>> = {
  'cloudtrail:DeleteTrail': 'critical',
  'cloudtrail:StopLogging': 'critical',
  'cloudtrail:PutEventSelectors': 'high',
  'cloudtrail:UpdateTrail': 'high',
  'config:DeleteConfigurationRecorder': 'critical',
  'config:StopConfigurationRecorder': 'critical',
  'ec2:AuthorizeSecurityGroupIngress': 'high',
  'ec2:DeleteFlowLogs': 'high',
  'ec2:GetPasswordData': 'high',
  'ec2:ModifyImageAttribute': 'high',
  'ec2:ModifySnapshotAttribute': 'high',
  'ec2:SharedSnapshotVolumeCreated': 'high',
  'guardduty:DeleteDetector': 'critical',
  'kms:DisableKey': 'high',
  'kms:PutKeyPolicy': 'high',
  'kms:ScheduleKeyDeletion': 'critical',
  'organizations:LeaveOrganization': 'critical',
  's3:DeleteBucketPolicy': 'high',
  's3:DeletePublicAccessBlock': 'high',
  's3:PutBucketAcl': 'high',
  's3:PutBucketPolicy': 'high',
  's3:PutBucketPublicAccessBlock': 'high',
  'secretsmanager:GetSecretValue': 'high',
};

/**
 * How much a CloudTrail record matters, and what it is about. Reading is info and changing is low,
 * but a change of who may do what (IAM, Organizations) and a failed sign-in are high; the calls of a
 * short table have a severity of their own; what was denied is at least medium.
 */
export function cloudTrailWeight(
  record: CloudTrailRecord,
  outcome: Outcome,
): Required<Pick<NewAuditEntry, 'category' | 'severity'>> {
  const service = serviceOf(record.eventSource);
  const category = CATEGORIES[service] ?? 'system';
  const known = WEIGHTS[`${service}:${record.eventName}`] ?? usual(record, category, outcome);
  return {category, severity: outcome === 'denied' ? atLeastMedium(known) : known};
}

function usual(record: CloudTrailRecord, category: string, outcome: Outcome): Severity {
  if (record.eventName === 'ConsoleLogin' && outcome !== 'success') return 'high';
  if (isReading(record)) return 'info';
  return category === 'access' ? 'high' : 'low';
}

/** Records before version 1.01 do not say; then the name of the call does. */
const isReading = ({readOnly, eventName}: CloudTrailRecord): boolean =>
  typeof readOnly === 'boolean' ? readOnly : /^(Get|List|Describe|Head|Lookup)/.test(eventName);

const atLeastMedium = (severity: Severity): Severity =>
  SEVERITIES.indexOf(severity) < SEVERITIES.indexOf('medium') ? 'medium' : severity;
