import type {S3ClientConfig} from '@aws-sdk/client-s3';

/** Where a bucket is and how it is reached. */
export interface S3StoreOptions {
  readonly bucket: string;
  /** What every key in the bucket begins with, such as `audit/production`; slashes around it don't count. */
  readonly prefix?: string;
  /** Region of the bucket; by default the AWS SDK's own (`AWS_REGION`), or `us-east-1` beside an endpoint. */
  readonly region?: string;
  /** URL of a server that speaks S3 and is not AWS. */
  readonly endpoint?: string;
  /** Names the bucket in the path instead of the host name, which most servers other than AWS need. */
  readonly forcePathStyle?: boolean;
  /** By default the AWS SDK's chain: environment, shared files, container, instance. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Objects a page of a listing; at most, and by default, 1,000. */
  readonly listPageSize?: number;
}

/** Limits of a request in milliseconds. A download may last as long as it needs, while bytes flow. */
const REQUEST_LIMITS = {
  connectionTimeout: 5_000,
  requestTimeout: 120_000,
  throwOnRequestTimeout: true,
  socketTimeout: 300_000,
};

/** What the AWS SDK is told. Checksums it adds by default are refused by older servers. */
export function clientConfig(options: S3StoreOptions): S3ClientConfig {
  const region = options.region ?? (options.endpoint && !process.env.AWS_REGION ? 'us-east-1' : undefined);
  return {
    ...(region !== undefined && {region}),
    ...(options.endpoint !== undefined && {endpoint: options.endpoint}),
    ...(options.forcePathStyle !== undefined && {forcePathStyle: options.forcePathStyle}),
    ...(options.credentials !== undefined && {credentials: options.credentials}),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: REQUEST_LIMITS,
  };
}
