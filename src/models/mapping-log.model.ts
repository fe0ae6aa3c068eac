import {Entity, model, property} from '@loopback/repository';

/** One archive file: what was archived, where it is, and how to prove that it is whole. */
@model()
export class MappingLog extends Entity {
  @property({type: 'string', id: true, jsonSchema: {format: 'uuid'}})
  id!: string;

  @property({type: 'string'})
  tenantId!: string;

  @property({type: 'object', description: 'The CustomFilter that chose the entries'})
  filterUsed!: object;

  @property({type: 'string', description: 'Key of the file in the object store'})
  fileName!: string;

  @property({type: 'string', description: 'csv.gz'})
  format!: string;

  @property({type: 'number', jsonSchema: {type: 'integer'}})
  entries!: number;

  @property({type: 'string', jsonSchema: {format: 'date-time'}})
  firstActedAt!: string;

  @property({type: 'string', jsonSchema: {format: 'date-time'}})
  lastActedAt!: string;

  @property({type: 'number', jsonSchema: {type: 'integer'}})
  firstLeaf?: number;

  @property({type: 'number', jsonSchema: {type: 'integer'}})
  lastLeaf?: number;

  @property({type: 'number', jsonSchema: {type: 'integer'}})
  bytes!: number;

  @property({type: 'string', description: 'SHA-256 of the file, hexadecimal'})
  sha256!: string;

  @property({type: 'string', description: 'Who asked for it'})
  requestedBy!: string;
}
