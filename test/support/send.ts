export interface SendOptions {
  method?: string;
  /** An object is sent as JSON, text and bytes as they are. */
  body?: unknown;
  headers?: Record<string, string>;
  /** `null` sends no token. */
  token?: string | null;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined where it is none. */
  json: unknown;
}

/** Sends a request and reads its whole answer. */
export async function send(
  url: string,
  {method, body, headers = {}, token}: SendOptions = {},
): Promise<Answer> {
  const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token && {authorization: `Bearer ${token}`}),
      ...(body !== undefined && {'content-type': 'application/json'}),
      ...headers,
    },
    ...(body !== undefined && {body: raw ? (body as string) : JSON.stringify(body)}),
  });
  const text = await response.text();
  return {status: response.status, headers: response.headers, text, json: parsed(text)};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
