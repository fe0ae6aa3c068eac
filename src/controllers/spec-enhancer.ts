import {injectable} from '@loopback/core';
import {
  asSpecEnhancer,
  getModelSchemaRef,
  type OASEnhancer,
  type OpenApiSpec,
  type OperationObject,
  type ParameterObject,
  type PathObject,
  type ReferenceObject,
  type SchemasObject,
} from '@loopback/rest';
import {AuditLog} from '@loopback-audit/audit-log';
import {SERVICE_GIVEN} from '../admission/property-rules';
import {Alert} from '../models/alert.model';
import {CustomFilter} from '../models/custom-filter.model';
import {Job} from '../models/job.model';
import {EXAMPLE_ALERT, EXAMPLE_ENTRY, EXAMPLE_JOB, EXAMPLE_STORED_ENTRY} from './openapi';

/** Path parameters that are ids. */
const IDS: readonly string[] = ['id', 'jobId'];

const METHODS = ['get', 'post', 'put', 'delete'] as const;

const ERROR_SCHEMA = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['statusCode', 'message'],
      properties: {
        statusCode: {type: 'integer'},
        name: {type: 'string'},
        code: {type: 'string', description: 'One of a closed list'},
        message: {type: 'string'},
        details: {
          type: 'array',
          items: {
            type: 'object',
            required: ['field', 'code', 'message'],
            properties: {
              field: {type: 'string', description: 'What is at fault'},
              code: {type: 'string'},
              message: {type: 'string'},
              line: {type: 'integer', description: 'Line or position (from 1) in a batch'},
            },
          },
        },
      },
    },
  },
  example: {
    error: {
      statusCode: 400,
      name: 'AuditError',
      code: 'INVALID_ENTRY',
      message: 'The entry cannot be stored.',
      details: [{field: 'action', code: 'REQUIRED', message: 'is missing'}],
    },
  },
} as const;

/**
 * Completes the OpenAPI document: the schemas that the routes refer to, and the query parameters, which the
 * routes read themselves so that every fault has its own code and field.
 */
@injectable(asSpecEnhancer)
export class AuditSpecEnhancer implements OASEnhancer {
  readonly name = 'audit-service';

  modifySpec(spec: OpenApiSpec): OpenApiSpec {
    return {
      ...spec,
      paths: Object.fromEntries(
        Object.entries(spec.paths).map(([path, item]) => [path, describePath(path, item as PathObject)]),
      ),
      components: {
        ...spec.components,
        schemas: {...spec.components?.schemas, ...schemas()},
        securitySchemes: {
          bearerAuth: {type: 'http', scheme: 'bearer', bearerFormat: 'JWT'},
          ...spec.components?.securitySchemes,
        },
      },
    };
  }
}

function describePath(path: string, item: PathObject): PathObject {
  const described = {...item};
  const ours = path.startsWith('/audit-logs');
  for (const method of METHODS) {
    const operation = item[method] as OperationObject | undefined;
    if (operation) {
      const {'x-query': query = [], ...rest} = operation;
      const parameters = [...(rest.parameters ?? []).map(each => (ours ? describeId(each) : each)), ...query];
      described[method] = {...rest, ...(parameters.length > 0 && {parameters})};
    }
  }
  return described;
}

/**
 * Says here alone that ids are UUIDs: were it said at the route, LoopBack would refuse others with an error of
 * its own before the service can name the field. Routes of the host are left as they are.
 */
function describeId(parameter: ParameterObject | ReferenceObject): ParameterObject | ReferenceObject {
  if ('$ref' in parameter || parameter.in !== 'path' || !IDS.includes(parameter.name)) return parameter;
  return {...parameter, schema: {...parameter.schema, format: 'uuid'}};
}

function schemas(): SchemasObject {
  const definitions: SchemasObject = {
    ...definitionsOf(getModelSchemaRef(AuditLog)),
    ...definitionsOf(
      getModelSchemaRef(AuditLog, {
        title: 'NewAuditLog',
        exclude: [...SERVICE_GIVEN],
        optional: ['id', 'tenantId', 'actedAt', 'actor', 'actorType', 'outcome', 'severity'],
      }),
    ),
    ...definitionsOf(getModelSchemaRef(CustomFilter)),
    ...definitionsOf(getModelSchemaRef(Job)),
    ...definitionsOf(getModelSchemaRef(Alert)),
  };
  return {
    ...definitions,
    AuditLog: {...definitions.AuditLog, example: EXAMPLE_STORED_ENTRY} as SchemasObject[string],
    Alert: {...definitions.Alert, example: EXAMPLE_ALERT} as SchemasObject[string],
    Job: {...definitions.Job, example: EXAMPLE_JOB} as SchemasObject[string],
    NewAuditLog: {...definitions.NewAuditLog, example: EXAMPLE_ENTRY} as SchemasObject[string],
    AuditError: ERROR_SCHEMA as unknown as SchemasObject[string],
  };
}

const definitionsOf = (reference: object): SchemasObject =>
  ((reference as {definitions?: SchemasObject}).definitions ?? {}) as SchemasObject;
