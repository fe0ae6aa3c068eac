import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import type {JsonObject, JsonValue, NewAuditEntry} from '@loopback-audit/audit-log';
import {defaultRules} from '../../dist/detection/default-rules';
import {type DetectionTrail, detectionTrail} from '../support/detection-trail';

const START = Date.parse('2026-03-02T09:00:00Z');
const MINUTE = 60_000;
const DAY = 86_400_000;

/** An entry so long after the start of its story. */
const at = (ms: number, entry: Partial<NewAuditEntry>): NewAuditEntry => ({
  action: 'user.read',
  actor: 'jane',
  actorType: 'user',
  actedAt: new Date(START + ms).toISOString(),
  ...entry,
});

const times = (count: number, make: (i: number) => NewAuditEntry): NewAuditEntry[] =>
  Array.from({length: count}, (_, i) => make(i));

const login = (ms: number, entry: Partial<NewAuditEntry> = {}) =>
  at(ms, {action: 'user.login', outcome: 'failure', ip: '192.0.2.10', ...entry});

/** A record of CloudTrail as the import makes an entry of it. */
const aws = (ms: number, eventName: string, record: JsonObject = {}, entry: Partial<NewAuditEntry> = {}) =>
  at(ms, {
    action: eventName,
    metadata: {cloudtrail: {eventName, ...record}},
    ...(typeof record.errorCode === 'string' && {errorCode: record.errorCode}),
    ...entry,
  });

/** What jane usually does: at ten in the morning, at one place. */
const habit = (days: number, aDay: number): NewAuditEntry[] =>
  times(days * aDay, i =>
    at(Math.floor(i / aDay) * DAY + 60 * MINUTE + (i % aDay) * MINUTE, {
      ip: '192.0.2.10',
      metadata: {country: 'NL'},
    }),
  );

const bucketPolicy = (principal: JsonValue): JsonObject => ({
  bucketPolicy: {Statement: [{Effect: 'Allow', Action: 's3:GetObject', Principal: principal}]},
});

/** Of each rule, what it is there for, and what is nearly the same. */
const STORIES: Record<string, {story: NewAuditEntry[]; nearMiss: NewAuditEntry[]}> = {
  'Many failed logins from one address': {
    story: times(10, i => login(i * MINUTE, {actor: `u${i}`})),
    nearMiss: [...times(9, i => login(i * MINUTE)), login(10 * MINUTE + 1)],
  },
  'Many failed logins of one user': {
    story: times(10, i => login(i * MINUTE, {ip: `192.0.2.${i}`})),
    nearMiss: times(20, i => login(i * MINUTE, {actor: `u${i % 3}`})),
  },
  'Login after many failures': {
    story: [...times(5, i => login(i * MINUTE)), login(20 * MINUTE, {outcome: 'success'})],
    nearMiss: [
      login(0, {outcome: 'success'}),
      ...times(5, i => login((i + 1) * MINUTE)),
      login(40 * MINUTE, {outcome: 'success'}),
    ],
  },
  'Password spraying': {
    story: times(8, i => login(i * 3 * MINUTE, {actor: `u${i}`})),
    nearMiss: times(28, i => login(i * MINUTE, {actor: `u${i % 7}`})),
  },
  'Burst of critical entries': {
    story: times(5, i => at(i * MINUTE, {severity: 'critical', actor: `u${i}`})),
    nearMiss: times(5, i => at(i * 3 * MINUTE, {severity: 'critical'})),
  },
  'Mass deletion': {
    story: times(50, i => at(i * 1_000, {action: 'order.delete'})),
    nearMiss: times(98, i => at(i * 1_000, {action: 'order.delete', actor: `u${i % 2}`})),
  },
  'Mass export': {
    story: times(20, i => at(i * MINUTE, {action: 'report.export'})),
    nearMiss: times(20, i => at(i * 2 * MINUTE, {action: 'report.export'})),
  },
  'Privilege granted to oneself': {
    story: [at(0, {action: 'role.assign', actedOn: 'User', entityId: 'Jane'})],
    nearMiss: [
      at(0, {action: 'role.assign', entityId: 'joe'}),
      at(1, {action: 'role.read', entityId: 'jane'}),
    ],
  },
  'Access at an unusual hour': {
    story: [...habit(9, 12), at(9 * DAY + 17 * 60 * MINUTE, {})],
    nearMiss: [
      ...habit(9, 12),
      at(9 * DAY + 3 * 60 * MINUTE, {}),
      at(9 * DAY + 17 * 60 * MINUTE, {actor: 'joe'}),
    ],
  },
  'New network of a user': {
    story: [...habit(9, 3), at(9 * DAY, {ip: '198.51.100.7'})],
    nearMiss: [
      ...habit(6, 5),
      at(6 * DAY, {ip: '198.51.100.7'}),
      ...habit(9, 3).slice(-3),
      at(9 * DAY, {ip: '192.0.2.99'}),
    ],
  },
  'New country of a user': {
    story: [...habit(9, 3), at(9 * DAY, {metadata: {country: 'BR'}})],
    nearMiss: [
      ...habit(9, 3),
      at(9 * DAY, {metadata: {country: 'NL'}}),
      at(9 * DAY, {metadata: {town: 'Delft'}}),
    ],
  },
  'Account used from two networks at once': {
    story: [at(0, {ip: '192.0.2.10'}), at(5 * MINUTE, {ip: '198.51.100.7'})],
    nearMiss: [
      at(0, {ip: '192.0.2.10'}),
      at(MINUTE, {ip: '192.0.2.77'}),
      at(MINUTE, {ip: '10.1.2.3'}),
      at(6 * MINUTE + 1, {ip: '198.51.100.7'}),
    ],
  },
  'Recording or watching was switched off': {
    story: [aws(0, 'StopLogging')],
    nearMiss: [aws(0, 'StopLogging', {}, {outcome: 'failure'}), aws(1, 'StartLogging')],
  },
  'Leaving the organization': {
    story: [aws(0, 'LeaveOrganization', {}, {outcome: 'denied'})],
    nearMiss: [aws(0, 'DescribeOrganization')],
  },
  'New credentials or users, by one actor': {
    story: [aws(0, 'CreateUser'), aws(20 * MINUTE, 'CreateAccessKey')],
    nearMiss: [aws(0, 'CreateUser'), aws(31 * MINUTE, 'CreateAccessKey')],
  },
  'Rights of an administrator were given': {
    story: [
      aws(0, 'AttachUserPolicy', {
        requestParameters: {policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess'},
      }),
    ],
    nearMiss: [
      aws(0, 'AttachUserPolicy', {requestParameters: {policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess'}}),
      aws(0, 'AttachUserPolicy', {
        errorCode: 'AccessDenied',
        requestParameters: {policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess'},
      }),
    ],
  },
  'Data was opened to the outside': {
    story: [aws(0, 'PutBucketPolicy', {requestParameters: bucketPolicy('*')})],
    nearMiss: [
      aws(0, 'PutBucketPolicy', {requestParameters: bucketPolicy({Service: 'cloudtrail.amazonaws.com'})}),
      aws(0, 'ModifySnapshotAttribute', {
        requestParameters: {createVolumePermission: {remove: {items: [{userId: '012345678901'}]}}},
      }),
    ],
  },
  'A port was opened to the world': {
    story: [
      aws(0, 'AuthorizeSecurityGroupIngress', {
        requestParameters: {ipPermissions: {items: [{ipRanges: {items: [{cidrIp: '0.0.0.0/0'}]}}]}},
      }),
    ],
    nearMiss: [
      aws(0, 'AuthorizeSecurityGroupIngress', {
        requestParameters: {ipPermissions: {items: [{ipRanges: {items: [{cidrIp: '10.0.0.0/8'}]}}]}},
      }),
    ],
  },
  'Many secrets were read': {
    story: times(10, i => aws(i * MINUTE, 'GetSecretValue', {}, {entityId: `s${i}`})),
    nearMiss: times(30, i => aws(i * 1_000, 'GetSecretValue', {}, {entityId: `s${i % 9}`})),
  },
  'Passwords of machines were asked for': {
    story: times(5, i => aws(i * MINUTE, 'GetPasswordData', {}, {outcome: 'denied'})),
    nearMiss: times(4, i => aws(i * MINUTE, 'GetPasswordData', {}, {outcome: 'denied'})),
  },
  'Start scripts of machines were asked for': {
    story: times(10, i =>
      aws(i * 1_000, 'DescribeInstanceAttribute', {requestParameters: {attribute: 'userData'}}),
    ),
    nearMiss: times(10, i =>
      aws(i * 1_000, 'DescribeInstanceAttribute', {requestParameters: {attribute: 'instanceType'}}),
    ),
  },
  'Much was denied to one actor': {
    story: times(20, i => at(i * 1_000, {outcome: 'denied'})),
    nearMiss: times(40, i => at(i * 1_000, {outcome: 'denied', actor: `u${i % 3}`})),
  },
  'Commands were run on machines from outside': {
    story: times(3, i => aws(i * MINUTE, 'SendCommand')),
    nearMiss: [
      ...times(2, i => aws(i * MINUTE, 'SendCommand')),
      aws(5 * MINUTE, 'SendCommand', {errorCode: 'InvalidInstanceId'}),
    ],
  },
  'Credentials of a machine were used elsewhere': {
    story: times(2, i =>
      aws(
        i * MINUTE,
        'ListBuckets',
        {},
        {actor: 'arn:aws:sts::1:assumed-role/web/i-0abc', ip: `203.0.${i}.1`},
      ),
    ),
    nearMiss: times(2, i =>
      aws(i * MINUTE, 'ListBuckets', {}, {actor: 'arn:aws:sts::1:assumed-role/web/jane', ip: `203.0.${i}.1`}),
    ),
  },
  'Console login without a second factor': {
    story: [
      aws(0, 'ConsoleLogin', {
        responseElements: {ConsoleLogin: 'Success'},
        additionalEventData: {MFAUsed: 'No'},
      }),
    ],
    nearMiss: [
      aws(0, 'ConsoleLogin', {
        responseElements: {ConsoleLogin: 'Success'},
        additionalEventData: {MFAUsed: 'Yes'},
      }),
      aws(0, 'ConsoleLogin', {
        responseElements: {ConsoleLogin: 'Failure'},
        additionalEventData: {MFAUsed: 'No'},
      }),
    ],
  },
  'The root user acted': {
    story: [aws(0, 'CreateBucket', {userIdentity: {type: 'Root'}, readOnly: false})],
    nearMiss: [
      aws(0, 'ListBuckets', {userIdentity: {type: 'Root'}, readOnly: true}),
      aws(0, 'CreateBucket', {userIdentity: {type: 'IAMUser'}, readOnly: false}),
    ],
  },
};

describe('each rule of the service', () => {
  let trail: DetectionTrail;
  before(async () => {
    trail = await detectionTrail();
  });
  after(() => trail.db.drop());

  test('has a story', () => {
    const titles = [...defaultRules().values()].map(({rule}) => rule.title);
    assert.deepEqual(Object.keys(STORIES).sort(), titles.sort());
  });

  for (const {rule, source} of defaultRules().values()) {
    const tenantId = rule.id;
    test(`${rule.title}: is raised by its story, once`, async () => {
      const alerts = await trail.found([source], STORIES[rule.title]?.story ?? [], `story-${tenantId}`);
      assert.deepEqual(
        alerts.map(({ruleId, title, level}) => [ruleId, title, level]),
        [[rule.id, rule.title, rule.level]],
      );
    });

    test(`${rule.title}: is not raised by what is nearly the same`, async () => {
      const alerts = await trail.found([source], STORIES[rule.title]?.nearMiss ?? [], `miss-${tenantId}`);
      assert.deepEqual(alerts, []);
    });
  }
});
