import {Model, model, property} from '@loopback/repository';

/** Both ends of a date range; a range has both. */
@model()
export class DateRange extends Model {
  @property({type: 'string', required: true, jsonSchema: {format: 'date-time'}})
  fromDate!: string;

  @property({type: 'string', required: true, jsonSchema: {format: 'date-time'}})
  toDate!: string;
}

/** Which entries to archive, as SourceLoop's clients say it. It names at least one thing. */
@model({
  jsonSchema: {
    minProperties: 1,
    example: {date: {fromDate: '2023-07-10T12:00:00Z', toDate: '2023-07-10T12:59:59.999999Z'}},
  },
})
export class CustomFilter extends Model {
  @property({type: () => DateRange, description: 'Entries of this time, both ends included'})
  date?: DateRange;

  @property({
    type: 'boolean',
    description:
      'true: entries whose after is absent or says deleted, and every other entry of those entities; ' +
      'false: entries whose after says that the entity is not deleted',
  })
  deleted?: boolean;

  @property({type: 'string', jsonSchema: {minLength: 1}})
  entityId?: string;

  @property({
    type: 'string',
    description: 'Type of entity; not together with actedOnList',
    jsonSchema: {minLength: 1},
  })
  actedOn?: string;

  @property.array(String, {description: 'At least one', jsonSchema: {minLength: 1}})
  actedOnList?: string[];

  @property.array(String, {description: 'At least one', jsonSchema: {minLength: 1}})
  actionGroupList?: string[];
}
