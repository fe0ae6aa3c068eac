import {Entity, model, property} from '@loopback/repository';

/** What the shop sells. */
@model({settings: {postgresql: {table: 'products'}}})
export class Product extends Entity {
  @property({type: 'number', id: true, generated: true})
  id!: number;

  /** The shop that sells it; given by the caller's API key. */
  @property({type: 'string', required: true, hidden: true})
  shop!: string;

  @property({type: 'string', required: true, jsonSchema: {minLength: 1, maxLength: 200}})
  name!: string;

  @property({type: 'number', required: true, jsonSchema: {type: 'integer', minimum: 0}})
  priceInCents!: number;

  constructor(data?: Partial<Product>) {
    super(data);
  }
}
