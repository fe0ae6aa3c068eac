import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {storeFailure} from '../../dist/archive/store-failure';

const answer = (name: string, status?: number) => ({
  name,
  message: 'key AKIA-someone-known',
  ...(status !== undefined && {$metadata: {httpStatusCode: status}}),
});

describe('storeFailure', () => {
  for (const [fault, remedy] of [
    [answer('NoSuchBucket', 404), /S3_BUCKET/],
    [answer('NotFound', 404), /S3_BUCKET/],
    [answer('PermanentRedirect', 301), /AWS_REGION/],
    [answer('301', 301), /AWS_REGION/],
    [answer('InvalidAccessKeyId', 403), /credentials/],
    [answer('SignatureDoesNotMatch', 403), /credentials/],
    [answer('AccessDenied', 403), /permissions/],
    [answer('403', 403), /permissions/],
  ] as const) {
    test(`says what to mend after ${fault.name}, and not to try again`, () => {
      const error = storeFailure('store "a"', fault);
      assert.equal(error.code, 'STORE_REFUSED');
      assert.equal(error.statusCode, 502);
      assert.match(error.message, remedy);
      assert.doesNotMatch(error.message, /again|AKIA/);
    });
  }

  for (const fault of [
    answer('SlowDown', 503),
    answer('InternalError', 500),
    answer('NoSuchUpload', 404),
    answer('ExpiredToken', 400),
    answer('RequestTimeTooSkewed', 403),
    answer('TimeoutError'),
    {code: 'ECONNREFUSED', name: 'Error'},
    {code: 'ENOSPC', name: 'Error'},
    'no error at all',
  ]) {
    test(`takes ${JSON.stringify(fault)} for a fault that may pass`, () => {
      const error = storeFailure('store "a"', fault);
      assert.equal(error.code, 'STORE_FAILED');
      assert.match(error.message, /Try again later/);
      assert.doesNotMatch(error.message, /AKIA/);
    });
  }
});
