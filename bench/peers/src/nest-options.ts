import { fileURLToPath } from 'node:url';
import { Transport, type GrpcOptions } from '@nestjs/microservices';

const PROTOS = fileURLToPath(new URL('../../../protos/', import.meta.url));

/** NestJS's gRPC at an address; it loads the protos by proto-loader when it starts. */
export function grpcOptions(url: string): GrpcOptions & { readonly transport: Transport.GRPC } {
  return {
    transport: Transport.GRPC,
    options: {
      url,
      package: 'shop.order.v1',
      protoPath: 'shop/order/v1/order_service.proto',
      loader: { includeDirs: [PROTOS], keepCase: false, longs: String, enums: String, defaults: true },
    },
  };
}
