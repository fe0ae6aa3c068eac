import {Binding} from '@loopback/core';
import {ControllerRoute, type OperationObject, RestBindings, RestTags} from '@loopback/rest';
import {errors, SECURED} from './openapi';
import {ProofController} from './proof.controller';

/** Segments that the path of a tile may have after its level: four groups of three digits, and a width. */
const DEEPEST = 5;

/** A tile's path is as deep as its index is long, and a route of LoopBack has a fixed depth: one for each. */
export const tileRoutes = (): Binding[] =>
  Array.from({length: DEEPEST}, (_, i) => {
    const segments = Array.from({length: i + 1}, (_, n) => `part${n + 1}`);
    const path = `/audit-logs/tile/{level}/${segments.map(name => `{${name}}`).join('/')}`;
    const route = new ControllerRoute(
      'get',
      path,
      operation(['level', ...segments]),
      ProofController,
      undefined,
      'tile',
    );
    return Binding.bind(`${RestBindings.ROUTES}.audit-tile-${segments.length}`)
      .to(route)
      .tag(RestTags.REST_ROUTE);
  });

const operation = (names: readonly string[]): OperationObject => ({
  ...SECURED,
  summary: 'A tile of the tree',
  description:
    'Hashes of 32 bytes, at the path that C2SP tlog-tiles gives them, such as 0/x001/234 or 1/000.p/17.',
  parameters: names.map(name => ({name, in: 'path', required: true, schema: {type: 'string'}})),
  responses: {
    200: {
      description: 'The hashes',
      content: {'application/octet-stream': {schema: {type: 'string', format: 'binary'}}},
    },
    ...errors(404),
  },
});
