import type {BadRequest} from './bad-request';

const good = '{"action":"a.b"}';
const path = '/audit-logs/batch';
const ndjson = (body: string | Uint8Array) => ({
  method: 'POST',
  body,
  headers: {'content-type': 'application/x-ndjson'},
});
const array = (body: unknown) => ({method: 'POST', body});

/** Batches of which nothing must be stored. */
export const BAD_BATCHES: readonly BadRequest[] = [
  {
    what: 'an object in place of a batch',
    options: array({action: 'a'}),
    ...{path, status: 400, code: 'INVALID_BATCH', field: 'body'},
  },
  {
    what: 'an empty array',
    options: array('[]'),
    ...{path, status: 400, code: 'INVALID_BATCH', field: 'body'},
  },
  {
    what: 'an NDJSON batch of empty lines',
    options: ndjson('\n\r\n \n'),
    ...{path, status: 400, code: 'INVALID_BATCH', field: 'body'},
  },
  {
    what: 'an array with a bad entry',
    options: array([{action: 'a'}, {action: 'b', ip: 'x'}, {action: 'c'}]),
    ...{path, status: 400, code: 'INVALID_BATCH', field: 'ip', line: 2},
  },
  {
    what: 'an array that holds null',
    options: array([{action: 'a'}, null]),
    ...{path, status: 400, code: 'INVALID_BATCH', field: 'body', line: 2},
  },
  {
    what: 'lists nested 100,000 deep as a batch',
    options: array('['.repeat(100_000) + ']'.repeat(100_000)),
    ...{path, status: 400, code: 'INVALID_BATCH', field: 'body', line: 1},
  },
  {
    what: 'an NDJSON line that is not JSON',
    options: ndjson(`${good}\n{bad\n${good}`),
    ...{path, status: 400, code: 'INVALID_BATCH', field: 'body', line: 2},
  },
  {
    what: 'an NDJSON batch cut off within its last line',
    options: ndjson(`${good}\n{"action":"a`),
    ...{path, status: 400, code: 'INVALID_BATCH', field: 'body', line: 2},
  },
  {
    what: 'a JSON array sent as NDJSON',
    options: ndjson(`[${good},\n${good}]`),
    ...{path, status: 400, code: 'INVALID_BATCH', field: 'body', line: 1},
  },
  {
    what: 'NDJSON that is not UTF-8',
    options: ndjson(Buffer.concat([Buffer.from(`${good}\n`), Buffer.from([0xc3, 0x28, 10])])),
    ...{path, status: 400, code: 'INVALID_BODY', field: 'body'},
  },
  {
    what: "another tenant's id in an array",
    options: array([{action: 'a'}, {action: 'b', tenantId: 'rival'}]),
    ...{path, status: 403, code: 'TENANT_MISMATCH', field: 'tenantId', line: 2},
  },
  {
    what: "another tenant's id in NDJSON",
    options: ndjson(`${good}\n${good}\n{"action":"a","tenantId":"rival"}\n`),
    ...{path, status: 403, code: 'TENANT_MISMATCH', field: 'tenantId', line: 3},
  },
  {
    what: 'two entries of one id and different content',
    options: array(['a', 'b'].map(action => ({action, id: '01890a5d-ac96-774b-bcce-b302099a8057'}))),
    ...{path, status: 409, code: 'ID_CONFLICT', field: 'action', line: 2},
  },
  {
    what: 'an array of 10 MB',
    options: array(`[{"action":"a","reason":"${'x'.repeat(10 << 20)}"}]`),
    ...{path, status: 413, code: 'BODY_TOO_LARGE', field: 'body'},
  },
  {
    what: 'an NDJSON line of 10 MB',
    options: ndjson(`${good}\n{"action":"a","reason":"${'x'.repeat(10 << 20)}"}\n`),
    ...{path, status: 413, code: 'BODY_TOO_LARGE', field: 'body'},
  },
];
