import type {JsonObject} from '@loopback-audit/audit-log';
import type {CloudTrailRecord} from '../../dist/import/cloudtrail/record';

/** A record made by hand after the CloudTrail user guide, with the given fields instead. */
export const cloudTrailRecord = (fields: JsonObject = {}): CloudTrailRecord => ({
  eventVersion: '1.08',
  userIdentity: {
    type: 'IAMUser',
    principalId: 'AIDAEXAMPLE',
    arn: 'arn:aws:iam::111122223333:user/jane',
    accountId: '111122223333',
    accessKeyId: 'AKIAEXAMPLE',
    userName: 'jane',
  },
  eventTime: '2026-11-22T03:10:59Z',
  eventSource: 's3.amazonaws.com',
  eventName: 'PutBucketPolicy',
  awsRegion: 'us-east-1',
  sourceIPAddress: '192.0.2.7',
  userAgent: 'aws-cli/2.0',
  requestParameters: {bucketName: 'invoices', policy: ''},
  responseElements: null,
  requestID: 'REQ1',
  eventID: '5f6b6c2e-6f4a-4b4e-9d66-0a3a0f1f2a3b',
  readOnly: false,
  resources: [{type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::invoices', accountId: '111122223333'}],
  eventType: 'AwsApiCall',
  ...fields,
});
