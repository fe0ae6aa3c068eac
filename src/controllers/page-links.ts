import type {Request, RequestContext} from '@loopback/rest';
import {canonicalName} from '../query/parameter-names';

/** Cursors of the pages beside one. */
export interface PageCursors {
  next?: string;
  prev?: string;
}

/** Says in the headers of an answer where the pages beside it are: `Link` (RFC 8288), and the bare cursors. */
export function pageLinks({request, response}: RequestContext, {next, prev}: PageCursors): void {
  const links = [];
  if (next !== undefined) {
    response.setHeader('X-Next-Cursor', next);
    links.push(pageLink(request, next, 'next'));
  }
  if (prev !== undefined) {
    response.setHeader('X-Previous-Cursor', prev);
    links.push(pageLink(request, prev, 'prev'));
  }
  if (links.length > 0) response.setHeader('Link', links.join(', '));
}

/** The request again, from the cursor on, relative to the host. A cursor says where the page begins: nothing is skipped. */
function pageLink(request: Request, cursor: string, relation: string): string {
  const url = new URL(request.originalUrl, 'http://relative.invalid');
  for (const name of [...url.searchParams.keys()]) {
    const canonical = canonicalName(name);
    if (canonical === 'cursor' || canonical === 'skip') url.searchParams.delete(name);
  }
  url.searchParams.delete('filter[skip]');
  url.searchParams.delete('filter[offset]');
  const filter = url.searchParams.get('filter');
  if (filter) url.searchParams.set('filter', withoutSkip(filter));
  url.searchParams.set('cursor', cursor);
  return `<${url.pathname}${url.search}>; rel="${relation}"`;
}

function withoutSkip(filter: string): string {
  const {skip: _skip, offset: _offset, ...rest} = JSON.parse(filter);
  return JSON.stringify(rest);
}
