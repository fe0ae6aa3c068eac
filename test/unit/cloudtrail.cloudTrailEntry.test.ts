import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {JsonObject} from '@loopback-audit/audit-log';
import {cloudTrailEntry} from '../../dist/import/cloudtrail/entry';
import {cloudTrailRecord} from './cloudtrail-record';

const entryOf = (fields: JsonObject = {}) => cloudTrailEntry(cloudTrailRecord(fields), 'trail.json', 1);

describe('cloudTrailEntry', () => {
  it('keeps the names of AWS and the record itself', () => {
    const record = cloudTrailRecord();
    assert.deepEqual(cloudTrailEntry(record, 'trail.json', 1), {
      id: '5f6b6c2e-6f4a-4b4e-9d66-0a3a0f1f2a3b',
      action: 'PutBucketPolicy',
      actionGroup: 's3.amazonaws.com',
      actedOn: 's3',
      actedAt: '2026-11-22T03:10:59Z',
      serviceName: 's3.amazonaws.com',
      actor: 'arn:aws:iam::111122223333:user/jane',
      actorType: 'user',
      actorName: 'jane',
      entityId: 'invoices',
      relatedEntities: [{type: 'AWS::S3::Bucket', id: 'arn:aws:s3:::invoices'}],
      outcome: 'success',
      category: 'data',
      severity: 'high',
      description: 'jane called PutBucketPolicy of s3.',
      ip: '192.0.2.7',
      userAgent: 'aws-cli/2.0',
      requestId: 'REQ1',
      metadata: {cloudtrail: record},
    });
  });

  it('names a session of a role, and the role it acts for', () => {
    const {actor, actorType, actorName, onBehalfOf} = entryOf({
      userIdentity: {
        type: 'AssumedRole',
        principalId: 'AROAEXAMPLE:build',
        arn: 'arn:aws:sts::111122223333:assumed-role/deploy/build',
        sessionContext: {
          sessionIssuer: {type: 'Role', arn: 'arn:aws:iam::111122223333:role/deploy', userName: 'deploy'},
        },
      },
    });
    assert.deepEqual(
      {actor, actorType, actorName, onBehalfOf},
      {
        actor: 'arn:aws:sts::111122223333:assumed-role/deploy/build',
        actorType: 'user',
        actorName: 'deploy',
        onBehalfOf: 'arn:aws:iam::111122223333:role/deploy',
      },
    );
  });

  it('falls back to whatever names the actor', () => {
    const cases: [JsonObject, string, string][] = [
      [{type: 'AWSService', invokedBy: 'ec2.amazonaws.com'}, 'ec2.amazonaws.com', 'service'],
      [
        {accountId: '111122223333', invokedBy: 'secretsmanager.amazonaws.com'},
        'secretsmanager.amazonaws.com',
        'service',
      ],
      [{type: 'AWSAccount', principalId: 'P1', accountId: '111122223333'}, 'P1', 'user'],
      [{type: 'SAMLUser', userName: 'jo'}, 'jo', 'user'],
      [{type: 'Root', accountId: '111122223333'}, '111122223333', 'user'],
      [{}, 'unknown', 'user'],
    ];
    for (const [userIdentity, actor, actorType] of cases) {
      const entry = entryOf({userIdentity});
      assert.deepEqual([entry.actor, entry.actorType], [actor, actorType]);
    }
  });

  it('tells denied from failed and failed from successful', () => {
    const outcomeOf = (fields: JsonObject) => entryOf(fields).outcome;
    for (const errorCode of [
      'AccessDenied',
      'AccessDeniedException',
      'Client.UnauthorizedOperation',
      'KMS.AccessDeniedException',
    ]) {
      assert.equal(outcomeOf({errorCode}), 'denied');
    }
    assert.equal(outcomeOf({errorCode: 'ThrottlingException'}), 'failure');
    assert.equal(
      outcomeOf({eventName: 'ConsoleLogin', responseElements: {ConsoleLogin: 'Failure'}}),
      'failure',
    );
    assert.equal(
      outcomeOf({eventName: 'ConsoleLogin', responseElements: {ConsoleLogin: 'Success'}}),
      'success',
    );
    const {errorCode, reason, description} = entryOf({errorCode: 'AccessDenied', errorMessage: 'not you'});
    assert.deepEqual([errorCode, reason], ['AccessDenied', 'not you']);
    assert.equal(description, 'jane called PutBucketPolicy of s3, which failed with AccessDenied.');
  });

  it('weighs reading, changing, opening and blinding', () => {
    const weightOf = (service: string, eventName: string, fields: JsonObject = {}) =>
      entryOf({eventSource: `${service}.amazonaws.com`, eventName, ...fields}).severity;
    assert.equal(weightOf('ec2', 'DescribeInstances', {readOnly: true}), 'info');
    assert.equal(weightOf('ec2', 'DescribeInstances', {readOnly: null}), 'info');
    assert.equal(
      weightOf('ec2', 'DescribeInstances', {readOnly: true, errorCode: 'Client.UnauthorizedOperation'}),
      'medium',
    );
    assert.equal(weightOf('ec2', 'CreateVpc'), 'low');
    assert.equal(weightOf('iam', 'AttachUserPolicy'), 'high');
    assert.equal(weightOf('secretsmanager', 'GetSecretValue', {readOnly: true}), 'high');
    assert.equal(weightOf('cloudtrail', 'StopLogging', {errorCode: 'AccessDenied'}), 'critical');
    assert.equal(weightOf('signin', 'ConsoleLogin', {responseElements: {ConsoleLogin: 'Failure'}}), 'high');
  });

  it('finds what the call is about', () => {
    const entityOf = (fields: JsonObject) => {
      const {entityId, relatedEntities} = entryOf({resources: [], ...fields});
      return [entityId, relatedEntities?.map(({type, id}) => `${type} ${id}`)];
    };
    assert.deepEqual(entityOf({requestParameters: {policyArn: 'arn:p', roleName: 'deploy'}}), [
      'deploy',
      ['Policy arn:p'],
    ]);
    assert.deepEqual(
      entityOf({requestParameters: {instancesSet: {items: [{instanceId: 'i-1'}, {instanceId: 'i-2'}]}}}),
      ['i-1', ['Instance i-2']],
    );
    assert.deepEqual(entityOf({requestParameters: null, resources: [{ARN: 'arn:k'}]}), ['arn:k', undefined]);
    assert.deepEqual(entityOf({requestParameters: {bucketName: {odd: true}}, resources: null}), [
      undefined,
      undefined,
    ]);
  });

  it('takes over no address that is none, and no credentials', () => {
    const entry = entryOf({sourceIPAddress: 'AWS Internal', userAgent: null, requestID: null});
    assert.ok(
      !('ip' in entry) && !('userAgent' in entry) && !('requestId' in entry) && !('sessionId' in entry),
    );
    assert.equal(entryOf({sourceIPAddress: '2001:db8::1'}).ip, '2001:db8::1');
  });

  it('makes an id for a record without one, the same every time', () => {
    const {id} = entryOf({eventID: 'not-a-uuid'});
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(entryOf({eventID: 'not-a-uuid'}).id, id);
    assert.notEqual(cloudTrailEntry(cloudTrailRecord({eventID: null}), 'trail.json', 2).id, id);
  });
});
