import {setTimeout} from 'node:timers/promises';
import type {JsonObject} from '@loopback-audit/audit-log';
import {AuditError, ERROR_STATUS, type ErrorCode, type ErrorDetail} from '../errors';
import type {BatchAnswer, SendBatch} from './import-files';
import {isJsonObject} from './json-object';

export interface HttpSenderOptions {
  /** Where the service is, such as `http://localhost:3000`. */
  url: string;
  /** Bearer token of a caller who may create entries. */
  token?: string | undefined;
  /** Tries of one batch before giving up; 8 by default, which take about a minute. */
  attempts?: number;
  /** Longest first pause, in milliseconds; each further pause may be twice as long. */
  firstPause?: number;
}

const LONGEST_PAUSE = 15_000;
const ANSWER_WITHIN = 120_000;

/**
 * Sends batches to `POST {url}/audit-logs/batch` as NDJSON. A busy service (429, 502, 503, 504) and a
 * broken connection are tried again, after a random pause (full jitter) or the one that the service
 * asks for by Retry-After (RFC 9110, 10.2.3); entries carry their id, so that a repeat is harmless.
 * @throws AuditError SERVICE_UNREACHABLE after the last try; the service's own code where it refuses
 * the batch as a whole, such as INVALID_TOKEN.
 */
export function httpSender({url, token, attempts = 8, firstPause = 500}: HttpSenderOptions): SendBatch {
  const target = `${url.replace(/\/+$/, '')}/audit-logs/batch`;
  const headers = {
    'content-type': 'application/x-ndjson',
    accept: 'application/json',
    ...(token !== undefined && {authorization: `Bearer ${token}`}),
  };
  return async lines => {
    const body = lines.map(line => `${line}\n`).join('');
    for (let attempt = 1; ; attempt++) {
      const tried = await post(target, headers, body);
      if (!('busy' in tried)) return answerOf(tried, lines.length);
      if (attempt >= attempts) {
        throw new AuditError('SERVICE_UNREACHABLE', `${url} cannot be reached: ${tried.busy}`, [], {
          cause: tried.cause,
        });
      }
      await setTimeout(
        tried.pause ?? Math.random() * Math.min(LONGEST_PAUSE, firstPause * 2 ** (attempt - 1)),
      );
    }
  };
}

interface Answer {
  status: number;
  body: unknown;
}

interface Busy {
  busy: string;
  /** Milliseconds that the service asks to wait. */
  pause?: number | undefined;
  cause?: unknown;
}

async function post(target: string, headers: Record<string, string>, body: string): Promise<Answer | Busy> {
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    const text = await response.text();
    if ([429, 502, 503, 504].includes(response.status)) {
      return {busy: `it answers ${response.status}`, pause: retryAfter(response.headers.get('retry-after'))};
    }
    return {status: response.status, body: parsed(text)};
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    return {busy: reason instanceof Error ? reason.message : String(reason), cause};
  }
}

/** Milliseconds of a Retry-After, which gives seconds or a date; no longer than a minute. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, Math.min(wait, 60_000));
}

function answerOf({status, body}: Answer, lines: number): BatchAnswer {
  if (status >= 200 && status < 300) return taken(body, lines);
  const error = isJsonObject(body) && isJsonObject(body.error) ? body.error : {};
  const details = Array.isArray(error.details) ? error.details.filter(isJsonObject).map(errorDetail) : [];
  const rejected = rejectedLines(details);
  if (status < 500 && rejected.length > 0) return {stored: 0, known: 0, rejected};
  const code = Object.hasOwn(ERROR_STATUS, String(error.code)) ? (error.code as ErrorCode) : 'INVALID_BATCH';
  throw new AuditError(code, `The service answers ${status}: ${error.message ?? 'no reason given'}`, details);
}

const errorDetail = ({field, code, message, line}: JsonObject): ErrorDetail => ({
  field: String(field ?? ''),
  code: String(code ?? 'REFUSED'),
  message: String(message ?? 'refused'),
  ...(Number.isInteger(line) && {line: Number(line)}),
});

function rejectedLines(details: readonly ErrorDetail[]): BatchAnswer['rejected'] {
  const lines = new Map<number, ErrorDetail[]>();
  for (const detail of details) {
    if (detail.line !== undefined) lines.set(detail.line, [...(lines.get(detail.line) ?? []), detail]);
  }
  return [...lines].map(([line, about]) => ({index: line - 1, details: about}));
}

function taken(body: unknown, lines: number): BatchAnswer {
  if (isJsonObject(body) && Number.isInteger(body.stored)) {
    const stored = Number(body.stored);
    return {stored, known: Number(body.existing ?? lines - stored), rejected: []};
  }
  throw new AuditError(
    'INVALID_BATCH',
    'The answer does not account for the batch; is this the audit service?',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
