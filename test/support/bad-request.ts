import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Answer, SendOptions} from './send';
import type {TestService} from './test-service';

/** A request that must be refused, and how. */
export interface BadRequest {
  /** What is wrong with it; completes "refuses …". */
  what: string;
  path: string;
  options?: SendOptions;
  status: number;
  code: string;
  /** The field at fault, as the first of the details names it. */
  field: string;
  /** The line at fault, in a batch. */
  line?: number;
}

export interface ErrorBody {
  error: {
    statusCode: number;
    code: string;
    message: string;
    details: {field: string; code: string; message: string; line?: number}[];
  };
}

/** One test for each request: it is refused as it says, and nothing of it is stored. */
export function testRefusals(service: () => TestService, requests: readonly BadRequest[]): void {
  for (const request of requests) {
    test(`refuses ${request.what}`, async () => {
      const before = await stored(service());
      assertRefused(await service().send(request.path, request.options), request);
      assert.deepEqual(await stored(service()), before);
    });
  }
}

export function assertRefused(
  answer: Answer,
  {status, code, field, line}: Omit<BadRequest, 'what' | 'path'>,
): void {
  assert.equal(answer.status, status, answer.text);
  const {error} = answer.json as ErrorBody;
  assert.equal(error.statusCode, status);
  assert.equal(error.code, code, answer.text);
  assert.equal(error.details[0]?.field, field, answer.text);
  assert.ok(error.details[0].code && error.details[0].message, answer.text);
  if (line !== undefined) assert.equal(error.details[0].line, line);
}

/** How many entries, archive files and jobs there are, of every tenant. */
async function stored({db}: TestService): Promise<unknown> {
  const {rows} = await db.admin.query(
    `SELECT (SELECT count(*) FROM audit_logs) AS entries, (SELECT count(*) FROM mapping_logs) AS archives,
            (SELECT count(*) FROM jobs WHERE status <> 'FAILED') AS jobs`,
  );
  return rows[0];
}
