import type {Request} from '@loopback/rest';

/** The request again, from the cursor on, as a link relation (RFC 8288) relative to the host. */
export function nextLink(request: Request, cursor: string): string {
  const url = new URL(request.originalUrl, 'http://relative.invalid');
  url.searchParams.set('cursor', cursor);
  url.searchParams.delete('filter[skip]');
  url.searchParams.delete('filter[offset]');
  const filter = url.searchParams.get('filter');
  if (filter) url.searchParams.set('filter', withoutSkip(filter));
  return `<${url.pathname}${url.search}>; rel="next"`;
}

/** A cursor says where the page begins; a filter that skips would say it a second time. */
function withoutSkip(filter: string): string {
  const {skip: _skip, offset: _offset, ...rest} = JSON.parse(filter);
  return JSON.stringify(rest);
}
