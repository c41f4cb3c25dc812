export { ByteWriter } from './codec/byte-writer.ts';
export { createCodec, type Codec } from './codec.ts';
export { loadForReflection, loadService } from './load.ts';
export type { CallKind, Method, Service } from './method.ts';
export { readPolicy, type Criticality, type Idempotency, type Policy } from './policy.ts';
export { createPolicyTable, parsePolicies, type PolicyOverrides, type PolicyTable } from './policy-table.ts';
export type { BreakerPolicy, BulkheadPolicy, HedgePolicy, RetryPolicy, StreamPolicy } from './policy.ts';
export { describeService } from './service.ts';

export { http as httpRule } from '../gen/google/api/annotations_pb.js';
export type { HttpRule } from '../gen/google/api/http_pb.js';
export * from '../gen/google/rpc/error_details_pb.js';
export { StatusSchema, type Status } from '../gen/google/rpc/status_pb.js';
export * from '../gen/shop/order/v1/order_pb.js';
export * from '../gen/shop/order/v1/order_service_pb.js';
export * from '../gen/shop/payment/v1/payment_pb.js';
export * from '../gen/shop/payment/v1/payment_service_pb.js';
export * from '../gen/shop/type/v1/money_pb.js';
