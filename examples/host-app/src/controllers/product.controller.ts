import {inject} from '@loopback/core';
import {repository} from '@loopback/repository';
import {
  get,
  getModelSchemaRef,
  HttpErrors,
  param,
  patch,
  post,
  type Request,
  RestBindings,
  requestBody,
} from '@loopback/rest';
import {SecurityBindings, securityId, type UserProfile} from '@loopback/security';
import {AuditLogRepository, type Bearer, type NewAuditEntry} from '@loopback-audit/service';
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

/** The products of the caller's shop. Every change is recorded in the audit trail. */
export class ProductController {
  constructor(
    @repository(ProductRepository) private readonly products: ProductRepository,
    @repository(AuditLogRepository) private readonly auditLogs: AuditLogRepository,
    @inject(SecurityBindings.USER) private readonly user: UserProfile,
    @inject(RestBindings.Http.REQUEST) private readonly request: Request,
  ) {}

  @post('/products', {responses: {200: PRODUCT}})
  async create(@requestBody(NEW_PRODUCT) product: Omit<Product, 'id' | 'shop'>): Promise<Product> {
    const created = await this.products.create({...product, shop: this.shop});
    await this.record('product.create', created, {after: stateOf(created)});
    return created;
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
    const before = await this.findById(id);
    await this.products.updateById(id, change);
    const after = await this.findById(id);
    const changedFields = Object.keys(change);
    await this.record('product.update', after, {
      before: stateOf(before),
      after: stateOf(after),
      changedFields,
    });
    return after;
  }

  private async record(action: string, product: Product, what: Partial<NewAuditEntry>): Promise<void> {
    const entry = {action, actedOn: 'Product', entityId: String(product.id), entityName: product.name};
    await this.auditLogs.record({...entry, ...what}, this.bearer);
  }

  /** The caller, as the one who brings an entry into the audit trail. */
  private get bearer(): Bearer {
    const {ip, method, path} = this.request;
    return {
      tenantId: this.shop,
      actor: this.user[securityId],
      actorType: 'user',
      context: {...(ip !== undefined && {ip}), method, path},
    };
  }

  private get shop(): string {
    return this.user.tenantId ?? 'main';
  }
}

const stateOf = ({name, priceInCents}: Product) => ({name, priceInCents});
