import type {BadRequest} from './bad-request';
import type {SendOptions} from './send';

const typed = (type: string, body = '{"action":"a.b"}'): SendOptions => ({
  method: 'POST',
  body,
  headers: {'content-type': type},
});
const id = '01890a5d-ac96-774b-bcce-b302099a8057';

const unread = (what: string, path: string, options: SendOptions, field = 'Content-Type'): BadRequest => ({
  ...{what, path, options, status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', field},
});
const unserved = (method: string, path: string): BadRequest => ({
  ...{
    what: `${method} ${path}`,
    path,
    options: {method},
    status: 404,
    code: 'ROUTE_NOT_FOUND',
    field: 'path',
  },
});
const misencoded = (path: string): BadRequest => ({
  ...{what: `the path ${path}`, path, status: 400, code: 'INVALID_PARAMETER', field: 'path'},
});

/** Requests that fail before any route has seen them. */
export const BAD_HTTP: readonly BadRequest[] = [
  unread('text', '/audit-logs', typed('text/plain')),
  unread('XML', '/audit-logs', typed('application/xml')),
  unread('a form', '/audit-logs', typed('application/x-www-form-urlencoded')),
  unread('a multipart form', '/audit-logs', typed('multipart/form-data; boundary=x')),
  unread('a media type that is none', '/audit-logs', typed('json')),
  unread('NDJSON as one entry', '/audit-logs', typed('application/x-ndjson')),
  unread('a batch as CSV', '/audit-logs/batch', typed('text/csv')),
  unread('an archive filter as text', '/audit-logs/archive', typed('text/plain')),
  unread(
    'a compressed body',
    '/audit-logs',
    {
      ...{method: 'POST', body: '{"action":"a.b"}', headers: {'content-encoding': 'gzip'}},
      ...{},
    },
    'Content-Encoding',
  ),
  unserved('GET', '/'),
  unserved('GET', '/audit-log'),
  unserved('GET', '/audit-logs/a/b/c'),
  unserved('DELETE', '/audit-logs'),
  unserved('DELETE', `/audit-logs/${id}`),
  unserved('PUT', `/audit-logs/${id}`),
  unserved('PATCH', `/audit-logs/${id}`),
  unserved('POST', `/audit-logs/${id}`),
  unserved('POST', '/audit-logs/export'),
  unserved('DELETE', `/audit-logs/jobs/${id}`),
  misencoded('/audit-logs/%ff'),
  misencoded('/audit-logs/%'),
  misencoded('/audit-logs/%c3%28'),
  misencoded('/audit-logs/jobs/%ff'),
  misencoded('/audit-logs/jobs/%ed%a0%80/file'),
];
