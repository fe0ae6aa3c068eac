import {Entity, Model, model, property} from '@loopback/repository';
import {ALERT_STATUSES, type AlertStatus, LEVELS, type Level} from './detection-rule';

/** From the first entry of the evidence to the last. */
@model()
export class AlertWindow extends Model {
  @property({type: 'string', required: true, jsonSchema: {format: 'date-time'}})
  from!: string;

  @property({type: 'string', required: true, jsonSchema: {format: 'date-time'}})
  to!: string;
}

/** What a rule of detection has found, and what became of it. */
@model()
export class Alert extends Entity {
  @property({type: 'string', id: true, required: true, jsonSchema: {format: 'uuid'}})
  id!: string;

  @property({
    type: 'string',
    required: true,
    description: 'The rule that found it',
    jsonSchema: {format: 'uuid'},
  })
  ruleId!: string;

  @property({type: 'string', required: true, description: 'The title of the rule'})
  title!: string;

  @property({type: 'string', required: true, jsonSchema: {enum: [...LEVELS]}})
  level!: Level;

  @property.array(String, {required: true, description: 'Tags of the rule, such as attack.t1110'})
  tags!: string[];

  @property({
    type: 'object',
    required: true,
    description: 'What the entries have in common: names and values of what the rule groups by',
    jsonSchema: {additionalProperties: {type: 'string'}},
  })
  group!: Record<string, string>;

  @property({type: () => AlertWindow, required: true})
  window!: AlertWindow;

  @property({
    type: 'number',
    required: true,
    description: 'Entries of the evidence',
    jsonSchema: {type: 'integer'},
  })
  entries!: number;

  @property.array(String, {required: true, description: 'Ids of the first 100 of them, the earliest first'})
  evidence!: string[];

  @property({type: 'string', required: true, jsonSchema: {enum: [...ALERT_STATUSES]}})
  status!: AlertStatus;

  @property({type: 'string', required: true, jsonSchema: {format: 'date-time'}})
  raisedAt!: string;

  @property({
    type: 'string',
    description: 'When its status was last changed',
    jsonSchema: {format: 'date-time'},
  })
  changedAt?: string;

  @property({type: 'string', description: 'Who changed it'})
  changedBy?: string;

  @property({type: 'string', description: 'What they said of it'})
  note?: string;
}

/** An alert that is about to be stored. */
export type NewAlert = Pick<
  Alert,
  'id' | 'ruleId' | 'title' | 'level' | 'tags' | 'group' | 'entries' | 'evidence'
> & {window: {from: string; to: string}};
