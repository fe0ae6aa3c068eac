import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {get, getModelSchemaRef, HttpErrors, param, patch, post, requestBody} from '@loopback/rest';
import {SecurityBindings, type UserProfile} from '@loopback/security';
import {Product} from '../models/product.model';
import {ProductRepository} from '../repositories/product.repository';

const NEW_PRODUCT = {
  content: {
    'application/json': {schema: getModelSchemaRef(Product, {title: 'NewProduct', exclude: ['id', 'shop']})},
  },
};
const CHANGE = {
  content: {
    'application/json': {
      schema: getModelSchemaRef(Product, {title: 'ProductChange', exclude: ['id', 'shop'], partial: true}),
    },
  },
};
const PRODUCT = {
  description: 'The product',
  content: {'application/json': {schema: getModelSchemaRef(Product)}},
};

/** The products of the caller's shop. */
export class ProductController {
  constructor(
    @repository(ProductRepository) private readonly products: ProductRepository,
    @inject(SecurityBindings.USER) private readonly user: UserProfile,
  ) {}

  @post('/products', {responses: {200: PRODUCT}})
  async create(@requestBody(NEW_PRODUCT) product: Omit<Product, 'id' | 'shop'>): Promise<Product> {
    return this.products.create({...product, shop: this.shop});
  }

  @get('/products/{id}', {responses: {200: PRODUCT}})
  async findById(@param.path.number('id') id: number): Promise<Product> {
    const product = await this.products.findOne({where: {id, shop: this.shop}});
    if (!product) throw new HttpErrors.NotFound('There is no such product.');
    return product;
  }

  @patch('/products/{id}', {responses: {200: PRODUCT}})
  async update(
    @param.path.number('id') id: number,
    @requestBody(CHANGE) change: Partial<Omit<Product, 'id' | 'shop'>>,
  ): Promise<Product> {
    await this.findById(id);
    await this.products.updateById(id, change);
    return this.findById(id);
  }

  private get shop(): string {
    return this.user.tenantId ?? 'main';
  }
}
